// Types of the browser side that no Python names: the kernel's half of a widget, what the views send, plotly.js.
import type {
  Answer, BuildViewTraits, ChoicesTraits, CompareTableTraits, LayersTableTraits, NetworkGraphTraits, PlotViewTraits,
  SmallerViewTraits, SweepViewTraits, TabsTraits, TilesTraits, ToastsTraits, TrialsTableTraits,
} from "./protocol.d.ts";

/** The kernel's half of a widget, as anywidget hands it over. */
export interface Model<Traits, Event> {
  get<Name extends keyof Traits>(name: Name): Traits[Name];
  set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  send(content: Event | { ev: "refresh" | "table" }): void;
  on(event: "msg:custom", callback: (message: Answer, buffers: DataView[]) => void): void;
  on(event: `change:${string & keyof Traits}` | Lost, callback: () => void): void;
  off(event: "msg:custom", callback: (message: Answer, buffers: DataView[]) => void): void;
  off(event: `change:${string & keyof Traits}` | Lost, callback: () => void): void;
}

/** The event of a widget whose kernel is gone; ipywidgets fires it, and its models know it under no trait. */
type Lost = "comm_live_update";

/** What a view is made of: its model and its place in the page. */
export interface View<Traits, Event> {
  model: Model<Traits, Event>;
  el: HTMLElement;
}

/** Attributes of an element that is made; null and false are left out, true is an empty one. */
export interface Attributes {
  text?: string | number;
  on?: { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void };
  [name: string]: string | number | boolean | null | undefined | Attributes["on"];
}

export type Child = Node | string | null;

// ---- what each view sends; `seq` numbers an edit, figures on the screen are old until the kernel answers it ----------

/** Layer -> tensor key or knob -> type or value. */
export type Changes = Record<string, Record<string, string | number>>;

export type DesignsEvent =
  | { ev: "designs" | "link" }
  | { ev: "name" | "forget"; name: string }
  | { ev: "named"; seq: number; name: string }
  | { ev: "go"; seq: number; by: number }
  | { ev: "open_path"; seq: number; path: string }
  | { ev: "open_text"; seq: number; name: string; text: string }
  | { ev: "open_link"; seq: number; code: string };
export type TilesEvent =
  | DesignsEvent
  | { ev: "undo" | "redo" | "reset" | "pin"; seq: number }
  | { ev: "compare" }
  | { ev: "tools"; open: boolean }
  | { ev: "target"; seq: number; part: string; clock_ns: string; io: string; tool: string; level: string };
export type LayersEvent =
  | { ev: "edit"; seq: number; gesture: string; changes: Changes }
  | { ev: "look"; layer: string; key: string }
  | { ev: "costs"; layer: string };
export type ToastsEvent = { ev: "close"; id: number };
export type TabsEvent = { ev: "tab"; id: string };
export type ChoiceValue = string | boolean | string[];
export type ChoicesEvent = { ev: "choice"; id: string; value: ChoiceValue; seq: number };
export type OptionEvent = { ev: "option"; key: string; value: string };
export type BuildCommand = "start" | "verify" | "cancel" | "card" | "notebook";
export type BuildEvent = OptionEvent | { ev: BuildCommand };
export type SweepCommand = "start" | "pause" | "stop";
export type SweepEvent = OptionEvent | { ev: SweepCommand };
export type SmallerCommand = "prune" | "tune" | "front" | "stop" | "cancel";
export type SmallerEvent = OptionEvent | { ev: SmallerCommand } | { ev: "take"; number: number | null; seq: number };
/** What changes of the page of trials that is asked for. */
export type PageChanges = { text?: string; offset?: number; sort?: string; descending?: boolean; columns?: string[] };
export type TrialsEvent =
  | ({ ev: "page" } & PageChanges)
  | { ev: "compare" | "delete"; ids: number[] }
  | { ev: "load"; id: number; seq: number }
  | { ev: "note"; id: number; text: string }
  | { ev: "hover"; id: number | null };
export type CompareEvent = { ev: "clear" | "picture" } | { ev: "load"; key: string; seq: number } | { ev: "remove"; key: string };
export type PlotEvent =
  | { ev: "plotly" }
  | { ev: "click"; id: number | string; seq: number }
  | { ev: "brush"; ranges: Record<string, number[][]> }
  | { ev: "hover"; id: number | null };

export type BuildView = View<BuildViewTraits, BuildEvent>;
export type ChoicesView = View<ChoicesTraits, ChoicesEvent>;
export type CompareView = View<CompareTableTraits, CompareEvent>;
export type LayersTable = View<LayersTableTraits, LayersEvent>;
export type NetworkGraph = View<NetworkGraphTraits, never>;
export type PlotFigure = View<PlotViewTraits, PlotEvent>;
export type SmallerView = View<SmallerViewTraits, SmallerEvent>;
export type SweepView = View<SweepViewTraits, SweepEvent>;
export type TabsView = View<TabsTraits, TabsEvent>;
export type TilesView = View<TilesTraits, TilesEvent>;
export type ToastsView = View<ToastsTraits, ToastsEvent>;
export type TrialsView = View<TrialsTableTraits, TrialsEvent>;

// ---- plotly.js, as far as the views use it ---------------------------------------------------------------------------

/** A list of numbers as plotly.py packs it. */
export interface Packed {
  dtype: string;
  bdata: string;
  shape?: string;
}
export type Numbers = ArrayLike<number> & Iterable<number> & { indexOf(value: number): number };
export type Values = Packed | Numbers;
export type Cell = string | number | null | undefined;

export interface Dimension {
  label: string;
  name?: string;
  values: Values;
  range?: [number, number];
  constraintrange?: number[] | number[][];
}

/** A trace of a figure; which keys it has is told by its `type`. */
export interface Trace {
  type?: string;
  name?: string;
  mode?: string;
  x?: Values;
  y?: Values;
  z?: Packed | Values[];
  text?: Packed | Values[];
  customdata?: Values;
  dimensions?: Dimension[];
  labels?: string[];
  parents?: string[];
  values?: Values;
  marker?: object;
  cliponaxis?: boolean;
}

/** An axis of a layout, as a figure has it. */
export interface AxisLayout {
  title?: { text?: string };
  domain?: [number, number];
  [name: string]: unknown;
}

/** A layout; `xaxis`, `yaxis2` and the like are axes. */
export interface Layout {
  width?: number;
  height?: number;
  margin?: { l?: number; r?: number; t?: number; b?: number };
  font?: object;
  hoverlabel?: object;
  template?: object;
  uirevision?: string;
  paper_bgcolor?: string;
  plot_bgcolor?: string;
  [axis: `xaxis${string}` | `yaxis${string}`]: AxisLayout | undefined;
}

export interface Figure {
  data: Trace[];
  layout: Layout;
}

/** An axis as plotly drew it: where it begins, how long it is, in pixels, and the place of a value on it. */
export interface DrawnAxis {
  _id: string;
  _offset: number;
  _length: number;
  type: string;
  d2p(value: number): number;
}

export interface DrawnLayout {
  xaxis?: DrawnAxis;
  yaxis?: DrawnAxis;
}

/** What plotly tells of the pointer. */
export interface PlotlyPoint {
  points?: { customdata?: unknown; pointNumber?: number; data?: { customdata?: unknown[] } }[];
  curveNumber?: number;
}

/** The element that plotly draws in. */
export interface PlotlyDiv extends HTMLDivElement {
  data?: Trace[];
  layout?: Layout;
  _fullLayout?: DrawnLayout;
  on(event: "plotly_click" | "plotly_hover", callback: (event: PlotlyPoint) => void): void;
  on(event: "plotly_afterplot" | "plotly_relayouting" | "plotly_unhover" | "plotly_restyle", callback: () => void): void;
}

export interface Plotly {
  react(div: HTMLElement, data: Trace[], layout: Layout, config: object): Promise<void>;
  toImage(figure: Figure, options: { format: "png" | "svg"; width: number; height: number; scale: number }): Promise<string>;
  purge(div: HTMLElement): void;
}
