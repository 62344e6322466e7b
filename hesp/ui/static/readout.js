// The list beside the video: how strong each word is in the current frame, and whose attention is shown.

function makeReadout(root, { onPick }) {
  const list = root.querySelector(".rows");
  const nowLabel = root.querySelector(".now-label"), nowValue = root.querySelector(".now-value");
  let rows = [];

  function part(tag, name, text = "") {
    const node = document.createElement(tag);
    node.className = name;
    node.textContent = text;
    return node;
  }

  function makeRow(label, style, isWord) {
    const item = document.createElement("li");
    const row = part(isWord ? "button" : "div", "word-row");
    const swatch = part("span", `swatch dash-${style.dash}`), value = part("span", "row-value");
    const bar = part("span", "row-bar"), fill = part("span", "row-fill");
    row.style.setProperty("--curve", style.color);
    bar.append(fill);
    row.append(swatch, part("span", "row-name", label), value, bar);
    if (isWord) {
      row.type = "button";
      row.title = `Show where the face shows “${label}”`;
      row.addEventListener("click", () => onPick(label));
    }
    item.append(row);
    list.append(item);
    return { row, value, fill, label, isWord };
  }

  function build(labels, styles) {
    list.replaceChildren();
    rows = labels.map((label) => makeRow(label, styles[label], true));
    rows.push(makeRow(UNKNOWN, UNKNOWN_STYLE, false));
  }

  function pick(label) {
    for (const { row, isWord, label: own } of rows) if (isWord) row.setAttribute("aria-pressed", own === label);
  }

  // Returns what it shows in words, for screen readers.
  function show(curves, labels, row) {
    const values = [...curves.evidence, curves.unknown];
    rows.forEach(({ value, fill }, k) => {
      const number = values[k][row];
      value.textContent = Number.isNaN(number) ? "–" : number.toFixed(2);
      fill.style.transform = `scaleX(${Number.isNaN(number) ? 0 : number})`;
    });
    if (Number.isNaN(curves.unknown[row])) return headline("No face here", "");
    const leader = leadingLabel(curves, row);
    if (leader < 0) return headline(UNKNOWN, curves.unknown[row].toFixed(2));
    return headline(labels[leader], curves.evidence[leader][row].toFixed(2));
  }

  function headline(label, value) {
    nowLabel.textContent = label;
    nowValue.textContent = value;
    return `${label} ${value}`.trim();
  }

  return { build, pick, show };
}
