// The curves with their playhead and ribbon, and all ways to move along them.

const UNKNOWN = "unknown";
const UNKNOWN_STYLE = { color: "#8D99A6", dash: "dot" };

// Plotly reads names as a small dialect of HTML.
function escapeForPlotly(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function makeTimeline(root, { onSeek, onKey }) {
  const wrap = root.querySelector(".timeline"), plot = root.querySelector(".plot");
  const playhead = root.querySelector(".playhead"), ribbon = root.querySelector(".ribbon");
  let shown = null, time = 0;  // what is drawn, where the playhead stands

  const cssValue = (name) => getComputedStyle(wrap).getPropertyValue(name).trim();

  function trace(name, times, values, style) {
    return {
      type: "scatter",
      mode: times.length > 1 ? "lines" : "markers",
      name: escapeForPlotly(name),
      x: times,
      y: values,
      line: { width: name === UNKNOWN ? 1.6 : 2, color: style.color, dash: style.dash },
      hovertemplate: `%{y:.2f}<extra>${escapeForPlotly(name)}</extra>`,
    };
  }

  function layout(duration) {
    const text = cssValue("--body-text-color"), quiet = cssValue("--body-text-color-subdued");
    const line = cssValue("--border-color-primary");
    const axis = { gridcolor: line, zeroline: false, fixedrange: true };
    return {
      margin: { l: 38, r: 12, t: 8, b: 26 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: quiet, size: 12, family: getComputedStyle(wrap).fontFamily },
      showlegend: false,
      dragmode: false,
      hovermode: "x unified",
      hoverlabel: { bgcolor: cssValue("--background-fill-primary"), bordercolor: line, font: { color: text, size: 11 } },
      xaxis: {
        ...axis, range: [0, duration], ticksuffix: " s", hoverformat: ".2f", showgrid: false,
        spikecolor: quiet, spikethickness: 1, spikedash: "solid",
      },
      yaxis: { ...axis, range: [0, 1.02], tickvals: [0, 0.25, 0.5, 0.75, 1] },
    };
  }

  // what: {times, duration, labels, curves: {evidence, unknown}, styles}
  async function draw(what) {
    shown = what;
    const { times, labels, curves, styles } = what;
    const traces = labels.map((label, k) => trace(label, times, curves.evidence[k], styles[label]));
    traces.push(trace(UNKNOWN, times, curves.unknown, UNKNOWN_STYLE));
    await Plotly.react(plot, traces, layout(what.duration), { displayModeBar: false, doubleClick: false });
    drawRibbon();
    place(time);
  }

  // One column per analysed frame, in the colour of the strongest label; grey where unknown is stronger.
  function drawRibbon() {
    const { times, labels, curves, styles } = shown, axis = plot._fullLayout.xaxis;
    ribbon.style.left = `${axis._offset}px`;
    ribbon.style.width = `${axis._length}px`;
    ribbon.width = times.length;
    const context = ribbon.getContext("2d");
    for (let row = 0; row < times.length; row++) {
      if (Number.isNaN(curves.unknown[row])) continue;
      const leader = leadingLabel(curves, row);
      context.fillStyle = leader < 0 ? UNKNOWN_STYLE.color : styles[labels[leader]].color;
      context.fillRect(row, 0, 1, 1);
    }
  }

  function place(seconds) {
    time = seconds;
    if (!plot._fullLayout) return;
    const { xaxis, yaxis } = plot._fullLayout;
    playhead.style.height = `${yaxis._length}px`;
    playhead.style.transform = `translate(${xaxis._offset + xaxis.l2p(seconds)}px, ${yaxis._offset}px)`;
  }

  function announce(seconds, text) {
    wrap.setAttribute("aria-valuenow", seconds.toFixed(2));
    wrap.setAttribute("aria-valuetext", `${seconds.toFixed(2)} seconds, ${text}`);
  }

  function timeAt(event) {
    const axis = plot._fullLayout.xaxis;
    return axis.p2l(event.clientX - plot.getBoundingClientRect().left - axis._offset);
  }

  // Pointer events on the wrapper, not Plotly's clicks: those need a curve under the pointer and know no dragging.
  let isDragging = false;
  wrap.addEventListener("pointerdown", (event) => {
    if (!shown || event.button) return;
    isDragging = true;
    wrap.focus({ preventScroll: true });
    onSeek(timeAt(event));
  }, true);
  window.addEventListener("pointermove", (event) => { if (isDragging) onSeek(timeAt(event)); });
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => { isDragging = false; });
  wrap.addEventListener("keydown", (event) => { if (shown && onKey(event)) event.preventDefault(); });

  new ResizeObserver(async () => {
    if (!shown || !wrap.clientWidth) return;
    await Plotly.Plots.resize(plot);
    drawRibbon();
    place(time);
  }).observe(wrap);
  // Plotly cannot read CSS variables, so switching between dark and light needs a redraw.
  const redraw = new MutationObserver(() => { if (shown) draw(shown); });
  redraw.observe(document.body, { attributes: true, attributeFilter: ["class"] });

  return { draw, place, announce, setEnd: (seconds) => wrap.setAttribute("aria-valuemax", seconds.toFixed(2)) };
}
