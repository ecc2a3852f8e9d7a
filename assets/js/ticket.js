/** The tab's ticket, once the chain editor stands: what the server sends earlier would be lost. */
async (session) => {
  const end = performance.now() + 120000;
  while (!document.querySelector(".wm-chain")?.chain && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  return [session, sessionStorage.getItem("wavemend-ticket") ?? ""];
}
