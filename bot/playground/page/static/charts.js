// The `data_visualization` block: pie, bar, line and area as SVG.
import { el, svg } from "./dom.js";

export const PALETTE = ["#1d9bd1", "#e8912d", "#2eb67d", "#9b59b6", "#e01e5a", "#ecb22e"];
const [W, H] = [440, 210];
const PLOT = { left: 44, right: 10, top: 12, bottom: 40 };

const color = (index) => PALETTE[index % PALETTE.length];
const short = (value) => (Math.abs(value) >= 10_000 ? `${Math.round(value / 1000)}k` : String(Number(value.toFixed(2))));

/** The whole block: title, legend, picture. */
export function chart(block) {
  const { type } = block.chart;
  const parts = type === "pie" ? block.chart.segments.map((one) => one.label) : block.chart.series.map((one) => one.name);
  const picture = type === "pie" ? pie(block.chart.segments) : axes(block.chart);
  const legend = parts.map((name, index) => {
    const dot = el("i");
    dot.style.background = color(index);
    return el("span", {}, dot, name);
  });
  const shown = type === "pie" || parts.length > 1;
  return el("figure.chart", {}, el("figcaption", {}, block.title), picture, shown && el("div.legend", {}, legend));
}

function pie(segments) {
  const total = segments.reduce((sum, one) => sum + one.value, 0) || 1;
  let turned = 0;
  const slices = segments.map((one, index) => {
    const share = one.value / total;
    const ring = svg("circle", {
      r: 55, cx: 90, cy: 90, fill: "none", stroke: color(index), "stroke-width": 46, pathLength: 100,
      "stroke-dasharray": `${share * 100} 100`, "stroke-dashoffset": -turned * 100, transform: "rotate(-90 90 90)",
    });
    const middle = (turned + share / 2) * 2 * Math.PI;
    turned += share;
    const words = share < 0.06 ? null : svg(
      "text",
      { x: 90 + 55 * Math.sin(middle), y: 94 - 55 * Math.cos(middle), class: "share" },
      `${Math.round(share * 100)}%`,
    );
    return [ring, words];
  });
  return svg("svg", { viewBox: "0 0 180 180", class: "pie", role: "img" }, slices.flat());
}

function axes({ type, series, axis_config: axis }) {
  const values = series.flatMap((one) => one.data.map((point) => point.value));
  const ticks = scale(Math.min(0, ...values), Math.max(0, ...values));
  const [low, high] = [ticks[0], ticks.at(-1)];
  const width = W - PLOT.left - PLOT.right;
  const height = H - PLOT.top - PLOT.bottom;
  const y = (value) => PLOT.top + height * (1 - (value - low) / (high - low || 1));
  const count = axis.categories.length;
  const step = width / count;
  const x = (index) => PLOT.left + step * (index + 0.5);
  const every = Math.ceil(count / 8);
  return svg(
    "svg", { viewBox: `0 0 ${W} ${H}`, class: "axes", role: "img" },
    ticks.map((tick) => [
      svg("line", { x1: PLOT.left, x2: W - PLOT.right, y1: y(tick), y2: y(tick), class: tick === 0 ? "base" : "grid" }),
      svg("text", { x: PLOT.left - 6, y: y(tick) + 3.5, class: "left" }, short(tick)),
    ]).flat(),
    axis.categories.map((name, index) =>
      index % every ? null : svg("text", { x: x(index), y: H - PLOT.bottom + 15, class: "middle" }, name)),
    axis.x_label ? svg("text", { x: PLOT.left + width / 2, y: H - 6, class: "middle label" }, axis.x_label) : null,
    axis.y_label
      ? svg("text", { transform: `translate(10 ${PLOT.top + height / 2}) rotate(-90)`, class: "middle label" }, axis.y_label)
      : null,
    series.map((one, index) => (type === "bar" ? bars(one, index, series.length, step, x, y) : path(one, index, type, x, y))).flat(),
  );
}

function bars(one, index, of, step, x, y) {
  const width = (step * 0.7) / of;
  return one.data.map((point, at) => svg("rect", {
    x: x(at) - step * 0.35 + width * index, width: Math.max(width - 1.5, 1),
    y: Math.min(y(point.value), y(0)), height: Math.max(Math.abs(y(0) - y(point.value)), 0.5), fill: color(index), rx: 1.5,
  }));
}

function path(one, index, type, x, y) {
  const points = one.data.map((point, at) => `${x(at)} ${y(point.value)}`);
  const line = svg("path", { d: `M${points.join("L")}`, fill: "none", stroke: color(index), "stroke-width": 2.2, "stroke-linejoin": "round" });
  if (type === "area") {
    const closed = `M${x(0)} ${y(0)}L${points.join("L")}L${x(one.data.length - 1)} ${y(0)}Z`;
    return [svg("path", { d: closed, fill: color(index), opacity: 0.28 }), line];
  }
  const dots = one.data.length > 12 ? [] : one.data.map((point, at) =>
    svg("circle", { cx: x(at), cy: y(point.value), r: 2.8, fill: color(index) }));
  return [line, ...dots];
}

/** Round ticks around the values: [0, 25, 50, 75, 100]. */
function scale(low, high) {
  const span = high - low || 1;
  const raw = span / 4;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((one) => one >= raw);
  const ticks = [];
  for (let at = Math.floor(low / step) * step; at < high + step * 0.999; at += step) ticks.push(Number(at.toPrecision(12)));
  return ticks;
}
