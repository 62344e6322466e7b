// The card above the player: progress, or a message that stays until it is dismissed or overtaken.

function makeStatus(root) {
  const find = (name) => root.querySelector(`.card${name}`);
  const card = find(""), track = find("-track"), bar = find("-bar");
  let kindBefore = "none";

  find("-close").addEventListener("click", () => { card.hidden = true; });

  return function show(facts) {
    const kind = facts?.kind ?? "none";
    card.hidden = kind === "none";
    card.dataset.kind = kind;
    find("-title").textContent = facts?.title ?? "";
    find("-detail").textContent = facts?.text ?? "";
    find("-close").hidden = kind === "working";
    // progress changes several times a second: a screen reader hears its beginning and the outcome
    card.setAttribute("aria-live", kind === "working" ? "off" : "polite");
    track.hidden = kind !== "working";
    const known = typeof facts?.fraction === "number";
    bar.classList.toggle("is-waiting", !known);
    bar.style.width = known ? `${100 * facts.fraction}%` : "";
    // on a phone the card lies below the button that was pressed
    if (kind !== kindBefore && kind !== "none") card.scrollIntoView({ block: "nearest", behavior: "smooth" });
    kindBefore = kind;
    return kind;
  };
}
