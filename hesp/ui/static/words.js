// Words as chips: proposes the new list to the server by setting props.value and shows what the server answers.
// data-labels on the root element holds the words on show, as JSON.

const MAX_WORDS = 32;  // the engine's own limit, said here without a detour
const root = element.querySelector(".words");
const list = root.querySelector(".words-list"), input = root.querySelector(".words-input");
const message = root.querySelector(".words-message");

const key = (word) => word.toLowerCase();
const has = (words, word) => words.some((other) => key(other) === key(word));

function propose(words, text) {
  message.textContent = text;
  props.value = words;  // fires the change that Python listens to
  paint();
}

function remove(word) {
  if (props.value.length === 1) {
    message.textContent = "At least one word is needed; add another one first.";
    return;
  }
  propose(props.value.filter((other) => other !== word), `“${word}” removed.`);
  input.focus();
}

function add(text) {
  const words = [...props.value], added = [], left = [];
  for (const part of text.split(/[,;\n]/)) {
    const word = part.trim().replace(/\s+/g, " ");
    if (!word) continue;
    if (has(words, word)) {
      message.textContent = `“${word}” is already there.`;
      pointOut(word);
    } else if (words.length >= MAX_WORDS) {
      left.push(word);
    } else {
      words.push(word);
      added.push(`“${word}”`);
    }
  }
  const full = left.length ? `There is room for ${MAX_WORDS} words: ${left.join(", ")} left out.` : "";
  if (added.length) propose(words, full || `${added.join(", ")} added.`);
  else if (full) message.textContent = full;
}

function chipOf(word) {
  return [...list.children].find((chip) => key(chip.dataset.word) === key(word));
}

function pointOut(word) {
  const chip = chipOf(word);
  chip?.classList.remove("is-again");
  void chip?.offsetWidth;  // lets the animation start over
  chip?.classList.add("is-again");
}

function makeChip(word) {
  const chip = document.createElement("li"), name = document.createElement("span");
  const button = document.createElement("button");
  chip.className = "words-chip";
  chip.dataset.word = word;
  // a new word is grey until the server has given it a colour
  chip.style.setProperty("--curve", props.styles?.[word]?.color ?? "#8D99A6");
  name.textContent = word;
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", `Remove ${word}`);
  button.addEventListener("click", () => remove(word));
  chip.append(name, button);
  return chip;
}

function paint() {
  list.replaceChildren(...props.value.map(makeChip));
  root.dataset.labels = JSON.stringify(props.value);
}

function paintAnswer() {
  paint();
  if (props.message) message.textContent = props.message;
}

input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;  // Enter that ends the input of, say, Chinese
  if (event.key === "Enter" || event.key === ",") {
    event.preventDefault();
    add(input.value);
    input.value = "";
  } else if (event.key === "Backspace" && !input.value && props.value.length) {
    remove(props.value.at(-1));
  } else if (event.key === "Escape") {
    input.value = "";
  }
});
input.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text");
  if (!/[,;\n]/.test(text)) return;
  event.preventDefault();
  add(text);
});
root.querySelector(".words-box").addEventListener("click", (event) => {
  if (event.target === event.currentTarget) input.focus();
});

// Unquoted names, as in player.js: Gradio takes each quoted word of a script for an event.
watch(Object.keys({ value: 0, styles: 0, message: 0 }), paintAnswer);
paint();
