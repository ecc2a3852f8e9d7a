// The report's listening decks: input and result in step, without a network.

const FADE_S = 0.005;
let audio = null; // one context for all decks, made at the first press
let playing = null;
let current = null; // the deck that keys are for

function make(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  if (tag === "button") node.type = "button";
  return node;
}

/** The sound inside an element's address; `fetch` would be a connection, which is not allowed. */
async function decoded(element) {
  const text = atob(element.src.slice(element.src.indexOf(",") + 1));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return await audio.decodeAudioData(bytes.buffer);
}

class Deck {
  constructor(box) {
    this.box = box;
    this.tracks = [...box.querySelectorAll("audio")];
    this.chosen = 0;
    this.at = 0;
    this.seconds = Number(box.dataset.seconds);
    this.draw();
  }

  draw() {
    const bar = make("div", "deck");
    this.play = make("button", "play", "Play");
    this.play.addEventListener("click", () => this.toggle());
    this.switches = this.tracks.map((track, index) => {
      const name = track.parentElement.querySelector("figcaption").textContent;
      const button = make("button", "switch", `${"AB"[index]}  ${name}`);
      button.addEventListener("click", () => this.choose(index));
      return button;
    });
    this.place = make("input", "place");
    this.place.type = "range";
    this.place.min = 0;
    this.place.max = this.seconds;
    this.place.step = 0.01;
    this.place.value = 0;
    this.place.setAttribute("aria-label", "Position in seconds");
    this.place.addEventListener("input", () => this.seek(Number(this.place.value)));
    bar.append(this.play, ...this.switches, this.place);
    this.box.append(bar);
    this.box.addEventListener("focusin", () => {
      current = this;
    });
    this.box.querySelector(".pair").hidden = true;
    this.choose(0);
  }

  async toggle() {
    current = this;
    if (playing === this) return this.stop();
    playing?.stop();
    try {
      audio ??= new AudioContext();
      await audio.resume();
      this.buffers ??= await Promise.all(this.tracks.map(decoded));
    } catch {
      this.box.querySelector(".pair").hidden = false; // the browser's own players
      this.box.querySelector(".deck").hidden = true;
      return;
    }
    this.start();
  }

  start() {
    playing = this;
    this.play.textContent = "Stop";
    this.begun = audio.currentTime - this.at;
    this.nodes = this.buffers.map((buffer) => {
      const source = new AudioBufferSourceNode(audio, { buffer, loop: true });
      const gain = new GainNode(audio, { gain: 0 });
      source.connect(gain).connect(audio.destination);
      source.start(0, this.at);
      return { source, gain };
    });
    this.mix();
    this.follow();
  }

  stop() {
    this.at = this.position();
    for (const { source } of this.nodes) source.stop();
    this.play.textContent = "Play";
    playing = null;
  }

  seek(seconds) {
    const again = playing === this;
    if (again) this.stop();
    this.at = Math.min(seconds, this.seconds - 0.01);
    if (again) this.start();
  }

  choose(index) {
    this.chosen = index;
    for (const [at, button] of this.switches.entries()) {
      button.setAttribute("aria-pressed", at === index);
    }
    if (playing === this) this.mix();
  }

  mix() {
    for (const [index, { gain }] of this.nodes.entries()) {
      const matched = match.checked ? Number(this.tracks[index].dataset.gain) : 1;
      const level = index === this.chosen ? matched : 0;
      gain.gain.setTargetAtTime(level, audio.currentTime, FADE_S / 3);
    }
  }

  position() {
    return playing === this ? (audio.currentTime - this.begun) % this.seconds : this.at;
  }

  follow() {
    if (playing !== this) return;
    this.place.value = this.position();
    requestAnimationFrame(() => this.follow());
  }
}

const match = document.querySelector(".match input");
const decks = [...document.querySelectorAll(".excerpt")].map((box) => new Deck(box));
current = decks[0];

if (decks.length) {
  for (const hidden of document.querySelectorAll(".listen > [hidden]")) hidden.hidden = false;
  match.addEventListener("change", () => playing?.mix());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const deck = playing ?? current;
    const index = ["a", "b"].indexOf(event.key.toLowerCase());
    if (index >= 0) deck.choose(index);
    const isControl = event.target.closest("button, input, a, summary, audio");
    if (event.key !== " " || isControl) return;
    event.preventDefault();
    deck.toggle();
  });
}

window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
