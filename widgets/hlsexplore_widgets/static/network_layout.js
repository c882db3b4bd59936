// Where the layers of a network graph stand: layered from top to bottom by dagre. No page is needed.
import { dagre } from "./vendor/dagre.js";

export const NODE = { width: 210, height: 54 };

/**
 * @typedef {{ name: string }} Layer
 * @typedef {{ name: string, x: number, y: number }} Placed the upper left corner of a layer's box
 * @typedef {{ from: string, to: string, points: { x: number, y: number }[], label: { x: number, y: number } }} Line
 */

/**
 * Place the layers of a graph.
 * @param {Layer[]} nodes
 * @param {[from: string, to: string][]} edges
 * @returns {{ nodes: Placed[], edges: Line[], width: number, height: number }}
 */
export function laidOut(nodes, edges) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 26, edgesep: 18, ranksep: 36, marginx: 14, marginy: 14 });
  for (const { name } of nodes) graph.setNode(name, { ...NODE });
  edges.forEach(([from, to], at) => graph.setEdge(from, to, { width: 150, height: 14, labelpos: "r" }, String(at)));
  dagre.layout(graph);
  const { width, height } = graph.graph();
  return {
    nodes: nodes.map(({ name }) => {
      const { x, y } = graph.node(name);
      return { name, x: x - NODE.width / 2, y: y - NODE.height / 2 };
    }),
    edges: edges.map(([from, to], at) => {
      const { points, x, y } = graph.edge(from, to, String(at));
      return { from, to, points, label: { x, y } };
    }),
    width, height,
  };
}

/**
 * A smooth path through points.
 * @param {{ x: number, y: number }[]} points
 */
export function pathOf(points) {
  const [first, ...rest] = points;
  let text = `M${first.x},${first.y}`;
  for (let at = 0; at < rest.length; at += 1) {
    const [before, here] = [points[at], rest[at]];
    const middle = (before.y + here.y) / 2;
    text += `C${before.x},${middle} ${here.x},${middle} ${here.x},${here.y}`;
  }
  return text;
}

/**
 * The layers whose name or kind has a text in it.
 * @param {{ name: string, kind: string }[]} nodes
 * @param {string} text
 */
export function found(nodes, text) {
  const wanted = text.trim().toLowerCase();
  return wanted ? nodes.filter((node) => `${node.name} ${node.kind}`.toLowerCase().includes(wanted)).map((node) => node.name) : [];
}
