// Time as text, for every component of ours that plays.

/** 83.456 -> "1:23.456". */
export function clock(seconds, decimals = 3) {
  const unit = 10 ** decimals;
  const total = Math.round(Math.max(seconds, 0) * unit);
  const rest = ((total % (60 * unit)) / unit).toFixed(decimals);
  return `${Math.floor(total / (60 * unit))}:${rest.padStart(decimals ? decimals + 3 : 2, "0")}`;
}
