// Unit tests of the browser side's logic: node --test tests/widgets/js
import assert from "node:assert/strict";
import { test } from "node:test";

const base = new URL("../../../widgets/hlsexplore_widgets/static/", import.meta.url);
const fixed = await import(new URL("fixed.js", base));
const figure = await import(new URL("figure.js", base));
const save = await import(new URL("save.js", base));
const list = await import(new URL("layer_list.js", base));
const network = await import(new URL("network_layout.js", base));
const { plotly } = await import(new URL("plotly.js", base));
const { duration } = await import(new URL("text.js", base));
const { announce, bus, isStale, patient, point } = await import(new URL("bus.js", base));

const type = (width, integer, ...rest) => [width, integer, rest[0] ?? true, rest[1] ?? "TRN", rest[2] ?? "WRAP"];

test("types print as the kernel prints them", () => {
  assert.equal(fixed.format(type(16, 6)), "fixed<16,6>");
  assert.equal(fixed.format(type(8, 0, false, "RND")), "ufixed<8,0,RND>");
  assert.equal(fixed.format(type(8, -2, true, "TRN", "SAT")), "fixed<8,-2,TRN,SAT>");
});

test("ends of the band move one bit each and never cross", () => {
  assert.deepEqual(fixed.moveLsb(type(8, 2), 1), type(7, 2));
  assert.deepEqual(fixed.moveLsb(type(8, 2), 20), type(1, 2));
  assert.deepEqual(fixed.moveMsb(type(8, 2), 1), type(9, 3));
  assert.deepEqual(fixed.moveMsb(type(8, 2), -20), type(1, -5));
  assert.deepEqual(fixed.moveMsb(type(64, 2), 3), type(64, 2));
  assert.deepEqual(fixed.shift(type(8, 2), -3), type(8, -1));
});

test("moving the upper end keeps the step and moving the lower one keeps the range", () => {
  for (let steps = -30; steps <= 30; steps += 1) {
    assert.equal(fixed.lsb(fixed.moveMsb(type(8, 2), steps)), fixed.lsb(type(8, 2)));
    assert.equal(fixed.msb(fixed.moveLsb(type(8, 2), steps)), fixed.msb(type(8, 2)));
  }
});

test("selected layers follow by the same bits and take over modes", () => {
  assert.deepEqual(fixed.follow(type(10, 1), type(8, 2), type(6, 2, true, "TRN", "SAT")), type(8, 1, true, "TRN", "SAT"));
});

test("a span is cut into what is below, inside and above", () => {
  assert.deepEqual(fixed.cut([-8, 4], -4, 2), [[-8, -4, "below"], [-4, 2, "inside"], [2, 4, "above"]]);
  assert.deepEqual(fixed.cut([-2, 1], -4, 2), [[-2, 1, "inside"]]);
  assert.deepEqual(fixed.cut([5, 6], -4, 2), [[5, 6, "above"]]);
});

test("ticks stay apart and the axis holds every span", () => {
  assert.deepEqual(fixed.axisRange([[-30, 3], [-1, 20]]), [-32, 22]);
  const ticks = fixed.axisTicks(-16, 8, 200);
  assert.ok(ticks.length <= 200 / 38 + 1 && ticks.includes(0));
});

test("colours of the page replace variables and data stays as it is", () => {
  const data = { x: [1, 2, 3], marker: { color: "var(--hx-accent)" }, z: { dtype: "f8", bdata: "AAAA" } };
  const { data: [trace], layout } = figure.themed({ data: [data], layout: { yaxis2: {} } }, (name) => `<${name}>`, 300, 200);
  assert.equal(trace.marker.color, "<--hx-accent>");
  assert.equal(trace.x, data.x);
  assert.deepEqual(figure.recolour([[0, "var(--hx-a)"], [1, "var(--hx-b)"]], (name) => name), [[0, "--hx-a"], [1, "--hx-b"]]);
  assert.deepEqual([layout.width, layout.height, layout.yaxis2.gridcolor], [300, 200, "<--hx-grid>"]);
});

test("a click names the trial of its point", () => {
  assert.deepEqual(figure.clicked({ points: [{ customdata: 7, data: {} }] }), { id: 7 });
  assert.deepEqual(figure.clicked({ points: [{ pointNumber: 1, data: { customdata: [3, 4] } }] }), { id: 4 });
  assert.equal(figure.clicked({ points: [{ pointNumber: 1, data: {} }] }), null);
  assert.equal(figure.clicked({}), null);
});

test("brushed ranges are read by the axis' name", () => {
  const dimensions = [{ name: "lut", label: "LUT", constraintrange: [1, 2] }, { label: "b", constraintrange: [[1, 2], [3, 4]] }, { label: "c" }];
  assert.deepEqual(figure.constraints([{ type: "parcoords", dimensions }]), { lut: [[1, 2]], b: [[1, 2], [3, 4]] });
  assert.equal(figure.constraints([{ type: "scatter" }]), null);
});

test("durations are short", () => {
  assert.deepEqual([3.21, 45.4, 125, 4000].map(duration), ["3.2 s", "45 s", "2 min 5 s", "1 h 6 min"]);
});

test("figures are stale until the latest edit is answered", () => {
  const lane = bus("test");
  const first = announce(lane);
  const second = announce(lane);
  assert.ok(second > first && isStale(lane, first) && !isStale(lane, second));
  assert.equal(bus("test"), lane);
});

const packed = (values) => ({ dtype: "i2", bdata: Buffer.from(Int16Array.from(values).buffer).toString("base64") });
const scatter = { type: "scatter", x: [10, 20], y: [1, 2], customdata: [7, 8] };
const lines = {
  type: "parcoords", customdata: packed([7, 8, 9]),
  dimensions: [{ label: "a", values: [0, 5, 10] }, { label: "b", values: packed([4, 2, 2]) }, { label: "c", values: [1, 1, 1] }],
};

test("numbers are read from lists and from plotly's packed form", () => {
  assert.deepEqual([...figure.listOf([1, 2])], [1, 2]);
  assert.deepEqual([...figure.listOf(packed([3, -4]))], [3, -4]);
  assert.deepEqual([...figure.listOf(undefined)], []);
});

test("the trial under the pointer is a point's or a line's", () => {
  assert.equal(figure.pointed({ points: [{ customdata: 8 }] }, [scatter]), 8);
  assert.equal(figure.pointed({ points: [] }, [scatter]), null);
  assert.equal(figure.pointed({ curveNumber: 2 }, [lines]), 9);
  assert.equal(figure.pointed({}, [lines]), null);
});

test("a trial is found again in the other views", () => {
  assert.deepEqual(figure.spotOf([{ type: "heatmap" }, scatter], 8), { x: 20, y: 2 });
  assert.equal(figure.spotOf([scatter], 9), null);
  assert.deepEqual([...figure.lineOf([lines], 8)], [["a", 0.5], ["b", 0], ["c", 0.5]]);
  assert.equal(figure.lineOf([scatter], 8), null);
  assert.equal(figure.lineOf([lines], 1), null);
});

test("pointing tells every view once", () => {
  const lane = bus("pointing");
  let told = 0;
  lane.addEventListener("point", () => { told += 1; });
  point(lane, 4);
  point(lane, 4);
  point(lane, null);
  assert.equal(told, 2);
  assert.equal(lane.pointed, null);
});

test("files have plain names and tables are quoted", () => {
  assert.equal(save.fileName("Accuracy against LUT of every trial; click", "png"), "accuracy_against_lut_of_every_trial.png");
  assert.equal(save.fileName("…", "csv"), "hlsexplore.csv");
  assert.equal(save.csvText([["a", 'b "c", d'], [1, null]]), 'a,"b ""c"", d"\n1,\n');
});

test("the numbers behind every kind of figure are saved", () => {
  const numbers = { dtype: "f8", bdata: btoa(String.fromCharCode(...new Uint8Array(new Float64Array([1, 2, 3, 4]).buffer))) };
  assert.deepEqual(save.figureRows([{ name: "trials", x: numbers, y: [5, 6, 7, 8], customdata: [1, 2, 3, 4] }])[1], ["trials", 1, 5, 1]);
  assert.deepEqual(save.figureRows([{ type: "heatmap", x: ["a", "b"], y: ["c", "d"], text: { ...numbers, shape: "2, 2" } }]), [["", "a", "b"], ["c", 1, 2], ["d", 3, 4]]);
  assert.deepEqual(save.figureRows([{ type: "parcoords", customdata: [7], dimensions: [{ label: "LUT", values: [9] }] }]), [["trial", "LUT"], [7, 9]]);
  assert.deepEqual(save.figureRows([{ labels: ["all", "fc"], parents: ["", "all"], values: [3, 3] }])[2], ["fc", "all", 3]);
});

test("saved numbers have the names as they are, not as plotly reads them", () => {
  const raw = "a<br>b & <b>x &lt;";
  const shown = "a&lt;br&gt;b &amp; &lt;b&gt;x &amp;lt;";
  assert.deepEqual(save.figureRows([{ name: shown, x: [shown], y: [5] }])[1], [raw, raw, 5, ""]);
  assert.deepEqual(save.figureRows([{ type: "heatmap", x: [shown], y: [shown], text: [[1]] }]), [["", raw], [raw, 1]]);
  assert.deepEqual(save.figureRows([{ labels: [shown], parents: [""], values: [3] }])[1], [raw, "", 3]);
  const axis = { label: `${shown}<br>weight bits`, name: `${raw}.weight bits`, values: [9] };
  assert.deepEqual(save.figureRows([{ type: "parcoords", customdata: [7], dimensions: [axis] }]), [["trial", axis.name], [7, 9]]);
});

const rows = ["in", "block1_conv1", "block1_relu", "fc"].map((name) => ({ name, kind: name.includes("relu") ? "relu" : "dense", lanes: name.includes("relu") ? [] : [{ key: "weight" }], knobs: [] }));
const seen = { share: { fc: { lut: 0.7 }, block1_conv1: { lut: 0.2 } }, events: { block1_relu: { result: { lost: 0.1 } } } };
const wish = (more) => list.arranged(rows, seen, { fc: { weight: [4] }, in: { result: [16] } }, { text: "", sort: "", only: "", ...more }, new Set(["fc"])).map((row) => row.name);

test("layers are found, chosen and sorted", () => {
  assert.deepEqual(wish({ text: "BLOCK1" }), ["block1_conv1", "block1_relu"]);
  assert.deepEqual(wish({ only: "loss" }), ["block1_relu"]);
  assert.deepEqual(wish({ only: "ticked" }), ["fc"]);
  assert.deepEqual(wish({ sort: "lut" }), ["fc", "block1_conv1", "in", "block1_relu"]);
  assert.equal(wish({ sort: "bits" })[0], "in");
  assert.deepEqual(list.blocksOf(rows).map((block) => [block.name, block.rows.length]), [["in", 1], ["block1", 2], ["fc", 1]]);
  assert.equal(list.blockOf("layer1.0.conv2"), "layer1.0");
});

test("branches of a network lie beside each other and lines lead from box to box", () => {
  const layers = ["a", "b", "c", "d"].map((name) => ({ name }));
  const { nodes, edges, width, height } = network.laidOut(layers, [["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]]);
  const [a, b, c, d] = nodes;
  assert.equal(b.y, c.y);
  assert.ok(Math.abs(b.x - c.x) >= network.NODE.width && a.y < b.y && b.y < d.y);
  assert.equal(edges.length, 4);
  assert.ok(nodes.every(({ x, y }) => x >= 0 && y >= 0 && x + network.NODE.width <= width && y + network.NODE.height <= height));
  assert.match(network.pathOf(edges[0].points), /^M[\d.]+,[\d.]+C/);
  assert.deepEqual(network.found([{ name: "fc1", kind: "dense" }, { name: "x", kind: "input" }], "dense"), ["fc1"]);
});

test("a hundred layers are laid out at once", () => {
  const layers = Array.from({ length: 100 }, (_, at) => ({ name: `l${at}` }));
  const edges = layers.slice(1).map(({ name }, at) => [`l${at}`, name]);
  for (let at = 5; at < 100; at += 3) edges.push([`l${at - 3}`, `l${at}`]);
  const start = performance.now();
  assert.equal(network.laidOut(layers, edges).nodes.length, 100);
  assert.ok(performance.now() - start < 2000);
});

test("titles of axes break where there is room for no more", () => {
  assert.equal(figure.wrapped("LUT", 100), "LUT");
  assert.equal(figure.wrapped("volume of accuracy and of very many LUT", 150), "volume of accuracy<br>and of very many LUT");
  assert.equal(figure.wrapped("one<br>two three four five", 90), "one<br>two three four five");
  const { layout } = figure.themed({ data: [], layout: { xaxis: { title: { text: "dominated volume, % of the last one" } } } }, () => "#fff", 200, 100);
  assert.ok(layout.xaxis.title.text.includes("<br>"));
});

test("figures in flight are marked if no answer comes for a while, and fresh ones at once", async () => {
  globalThis.window = globalThis;
  const marks = [];
  let old = true;
  const marker = patient(() => old, (is) => marks.push(is));
  marker.look();
  assert.deepEqual(marks, []);
  old = false;
  marker.look();
  assert.deepEqual(marks, [false]);
  old = true;
  marker.look();
  marker.look();
  await new Promise((done) => setTimeout(done, 160));
  assert.deepEqual(marks, [false, true]);
  marker.stop();
});

test("where the first plot is gone before plotly.js came, the next one asks for it", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  globalThis.window = globalThis;
  const modelOf = (asked) => ({ get: () => "6.0", send: (message) => asked.push(message.ev), on: () => {}, off: () => {} });
  const [first, second] = [[], []];
  const one = plotly(modelOf(first));
  const two = plotly(modelOf(second));
  assert.deepEqual([first, second], [["plotly"], []]);
  assert.equal(one.promise, two.promise);
  one.stop();
  context.mock.timers.tick(15_000);
  assert.deepEqual([first, second], [["plotly"], ["plotly"]]);
  two.stop();
  context.mock.timers.tick(60_000);
  assert.deepEqual([first, second], [["plotly"], ["plotly"]]);
});
