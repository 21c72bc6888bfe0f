// Dollars by day, one colour a model, the models on top of each other. The table beside it says the same in words.
const COLOURS = ["--accent", "--good", "--fair", "--bad", "--ink-soft"];
const HEIGHT = 240;
const DAY = 86_400;

const probe = document.body.appendChild(Object.assign(document.createElement("i"), { hidden: true }));

/** What a token is in the theme that is on: canvases do not know light-dark(). */
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function dollars(amount) {
  return amount === 0 ? "$0" : `$${amount >= 0.1 ? amount.toFixed(2) : amount.toPrecision(2)}`;
}

function options(series, width) {
  const ink = colour("--ink-soft");
  const line = { stroke: colour("--line"), width: 1 };
  const bars = uPlot.paths.bars({ size: [0.7, 40] });
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  return {
    width,
    height: HEIGHT,
    cursor: { y: false, points: { show: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: { range: (_, first, last) => [first - DAY / 2, last + DAY / 2] }, y: { range: (_, low, high) => [0, Math.max(high * 1.1, 0.000001)] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: line, values: (_, moments) => moments.map((at) => day.format(at * 1000)), incrs: [DAY, 2 * DAY, 7 * DAY], space: 60 },
      { stroke: ink, grid: line, ticks: line, size: 64, values: (_, amounts) => amounts.map(dollars) },
    ],
    series: [
      { label: "Day", value: (_, at) => (at === null ? "–" : day.format(at * 1000)) },
      // The highest first, so that those below are drawn over it.
      ...series.map(({ name, values }, index) => {
        const fill = colour(COLOURS[index % COLOURS.length]);
        return { label: name, fill, stroke: fill, width: 0, paths: bars, points: { show: false }, value: (_, __, ___, at) => (at === null ? "–" : dollars(values[at])) };
      }).reverse(),
    ],
  };
}

function stacked({ days, series }) {
  let below = days.map(() => 0);
  const heights = series.map(({ values }) => (below = values.map((value, index) => value + below[index])));
  return [days, ...heights.reverse()];
}

for (const place of document.querySelectorAll("[data-chart]")) {
  const chart = JSON.parse(place.dataset.chart);
  let plot;
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(chart.series, place.clientWidth), stacked(chart), place);
  };
  draw();
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
