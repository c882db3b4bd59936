// What the kernel says to the browser. Written by scripts/protocol_types.py from protocol*.py and components.py.
export type FixedType = [number, number, boolean, string, string];

export type Nothing = Record<string, undefined>;

export interface LaneData {
  key: string;
  tag: string;
  label: string;
  look: string;
  main: boolean;
  box: number[] | null;
}

export interface KnobData {
  name: string;
  label: string;
  values: (string | number)[];
  numeric: boolean;
  prefix: string;
  slider: boolean;
}

export interface RowData {
  name: string;
  kind: string;
  shape: string;
  detail: string;
  lanes: LaneData[];
  knobs: string[];
  reuse: number[];
  choices: KnobData[];
}

export interface ElementBits {
  bars: [number, number][];
  note: string;
  text: string;
}

export interface ConfigData {
  seq: number;
  revision: number;
  types: Record<string, Record<string, [number, number, boolean, string, string]>>;
  knobs: Record<string, Record<string, string | number>>;
  widths: Record<string, Record<string, ElementBits>>;
  proofs: Record<string, string>;
}

export interface CastEvent {
  lost: number;
  out: string;
  below: string;
  text: string;
  box: number[] | null;
}

export interface LayersLive {
  seq: number;
  share: Record<string, Record<string, number>>;
  planned: boolean;
  events: Record<string, Record<string, CastEvent>>;
}

export type ReuseCosts = Record<string, Record<string, string[]>>;

export interface TileData {
  id: string;
  label: string;
  value?: string;
  unit?: string;
  delta?: string;
  tone?: string;
  tip?: string;
  source?: string;
  alarm?: string;
  fraction?: number;
  lower?: number;
  upper?: number;
  refining?: boolean;
  pending?: boolean;
}

export interface ShownData {
  seq: number;
  revision: number;
  times: Record<string, number>;
  stale: boolean;
  pending: boolean;
  title: string;
  subtitle: string;
  can_undo: boolean;
  can_redo: boolean;
  tiles: TileData[];
}

export interface TargetChoices {
  part: string[];
  io: string[];
  tool: string[];
  level: string[];
}

export interface TargetData {
  part: string;
  clock_ns: string;
  io: string;
  tool: string;
  level: string;
  choices: TargetChoices;
}

export interface ToolCell {
  value: string;
  range: string;
}

export interface ToolRow {
  name: string;
  cells: ToolCell[];
}

export interface ToolTable {
  columns: string[];
  rows: ToolRow[];
  notes: string[];
  text: string;
}

export interface ToastData {
  id: number;
  level: string;
  text: string;
}

export interface TabData {
  id: string;
  label: string;
}

export interface SelectItem {
  id: string;
  kind: "select";
  label: string;
  values: string[][];
  value: string;
}

export interface CheckItem {
  id: string;
  kind: "check";
  label: string;
  title: string;
  value: boolean;
}

export interface ChecksItem {
  id: string;
  kind: "checks";
  label: string;
  values: string[][];
  value: string[];
}

export interface ButtonItem {
  id: string;
  kind: "button";
  label: string;
  title: string;
  edits?: boolean;
  disabled?: boolean;
}

export interface InputItem {
  id: string;
  kind: "input";
  label: string;
  value: string;
  size: number;
  hint?: string;
}

export interface TextItem {
  id: string;
  kind: "text";
  label: string;
  short?: boolean;
}

export type Item = SelectItem | CheckItem | ChecksItem | ButtonItem | InputItem | TextItem;

export interface TrialColumn {
  id: string;
  label: string;
  largest: boolean;
}

export interface TrialRow {
  id: number;
  front: boolean;
  cells: string[];
  key: string;
  note: string;
}

export interface PageData {
  columns: TrialColumn[];
  rows: TrialRow[];
  sort: string;
  descending: boolean;
  offset: number;
  size: number;
  total: number;
  choices: string[][];
  chosen: string[];
  objectives: string;
}

export interface NetworkNode {
  name: string;
  kind: string;
  shape: string;
}

export interface NetworkData {
  nodes: NetworkNode[];
  edges: [string, string][];
}

export interface NodeLive {
  type: string;
  cost: string;
  share: number;
  loss: string;
  tip: string;
}

export interface EdgeLive {
  type: string;
  loss: string;
}

export interface NetworkLive {
  layers: Record<string, NodeLive>;
  edges: Record<string, EdgeLive>;
}

export interface ComparedDesign {
  name: string;
  key: string;
}

export interface ComparedRow {
  label: string;
  cells: string[];
  differs: boolean;
  best: number[];
}

export interface ComparedSection {
  title: string;
  rows: ComparedRow[];
}

export interface ComparisonData {
  designs: ComparedDesign[];
  sections: ComparedSection[];
}

export interface PinData {
  kind: "current" | "baseline";
  x: number | null;
  y: number | null;
  seq: number;
  text: string;
}

export interface BuildChoice {
  value: string;
  label: string;
}

export interface BuildOptionData {
  flow: string;
  interface: string;
  choice: string;
  tool: string;
  folder: string;
  flows: BuildChoice[];
  interfaces: BuildChoice[];
  tools: BuildChoice[];
}

export interface BuildStatusData {
  state: string;
  stage: number;
  stages: string[];
  message: string;
  fraction: number;
  started: number;
  elapsed: number;
}

export interface BuildTable {
  caption: string;
  columns: string[];
  rows: string[][];
  notes: string[];
}

export interface OutlookData {
  text: string;
  warnings: string[];
}

export interface SweepChoices {
  scope: [string, string][];
  reuse: [string, string][];
  sampler: [string, string][];
}

export interface SweepOptionData {
  trials: number;
  low: number;
  high: number;
  scope: string;
  reuse: string;
  sampler: string;
  choices: SweepChoices;
}

export interface SweepStatusData {
  state: string;
  message: string;
  fraction: number;
  remaining_s: number | null;
}

export interface OfferData {
  text: string;
  exact: boolean;
}

export interface Offers {
  rows: OfferData[];
  text: string;
}

export interface TuneOptionData {
  epochs: number;
  learning_rate: number;
  distill: number;
  mixed: number;
  minutes: number;
  density: number;
}

export interface TuneStatusData {
  state: string;
  message: string;
  fraction: number;
  path: string;
  has_data: boolean;
  warning: string;
}

export interface TableSaved {
  kind: "table";
  csv: string;
  text: string;
}

export interface DesignStep {
  by: number;
  text: string;
  name: string;
  key: string;
}

export interface DesignName {
  name: string;
  key: string;
  current: boolean;
}

export interface DesignsListed {
  kind: "designs";
  steps: DesignStep[];
  named: DesignName[];
}

export interface LinkMade {
  kind: "link";
  code: string;
}

export interface LogCleared {
  kind: "clear";
}

export interface LogLines {
  kind: "log";
  text: string;
}

export interface PictureMade {
  kind: "picture";
  figure: string;
}

export interface PlotlySent {
  kind: "plotly";
}

export type Answer = TableSaved | DesignsListed | LinkMade | LogCleared | LogLines | PictureMade | PlotlySent;

export interface BuildViewTraits extends ComponentTraits {
  options: BuildOptionData;
  status: BuildStatusData;
  log: string;
  result: BuildTable | Nothing;
  outlook: OutlookData | Nothing;
}

export interface ChoicesTraits extends ComponentTraits {
  title: string;
  items: (SelectItem | CheckItem | ChecksItem | ButtonItem | InputItem | TextItem)[];
}

export interface CompareTableTraits extends ComponentTraits {
  data: ComparisonData | Nothing;
  current: string;
}

export interface ComponentTraits {
  explorer: string;
  views: number;
}

export interface LayersTableTraits extends ComponentTraits {
  rows: RowData[];
  config: ConfigData;
  live: LayersLive;
  costs: Record<string, Record<string, string[]>>;
}

export interface NetworkGraphTraits extends ComponentTraits {
  graph: NetworkData;
  live: NetworkLive | Nothing;
}

export interface PlotViewTraits extends ComponentTraits {
  figure: string;
  pins: PinData[];
  label: string;
  summary: string;
  caption: string;
  height: number;
  min_width: number;
  plotly_version: string;
}

export interface SmallerViewTraits extends ComponentTraits {
  offers: Offers;
  options: TuneOptionData;
  status: TuneStatusData;
}

export interface SweepViewTraits extends ComponentTraits {
  options: SweepOptionData;
  status: SweepStatusData;
}

export interface TabsTraits extends ComponentTraits {
  tabs: TabData[];
  selected: string;
  label: string;
}

export interface TilesTraits extends ComponentTraits {
  shown: ShownData;
  target: TargetData;
  tools: ToolTable | Nothing;
}

export interface ToastsTraits extends ComponentTraits {
  messages: ToastData[];
}

export interface TrialsTableTraits extends ComponentTraits {
  page: PageData;
  current: number;
}
