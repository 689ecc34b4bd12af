/** The messages of FastTrack's feeds. Made by `make types`: do not edit. */

/** Opens every connection. `cursor` resumes at the place where the replay is about to start. */
export interface Hello {
  type: "hello";
  at: string;
  transport: "poll" | "sse" | "ws";
  feeds: string[];
  resume: "fresh" | "recovered" | "reset";
  cursor: string;
  heartbeat_s: number;
  user: string;
  role: string;
  reason?: "ahead" | "epoch" | "expired" | "malformed";
}

/** Sent after a silence, so that a client can tell a quiet feed from a dead connection. */
export interface Heartbeat {
  type: "heartbeat";
  at: string;
}

/** The last message of every connection, with the reason. */
export interface Bye {
  type: "bye";
  reason: "drain" | "expired" | "finished" | "limit" | "renew" | "slow" | "unavailable";
  retry_ms: number;
}

/** A row of an import was stored. `progresso` is 0 to 100; `total_bytes` is None while unknown. */
export interface UploadProgress {
  type: "progress";
  feed: string;
  at: string;
  upload_id: string;
  progresso: number;
  line: number;
  record: number;
  title: string;
  accepted: number;
  rejected: number;
  bytes: number;
  total_bytes: number | null;
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  id: string;
}

/** A row of an import was rejected; `errors` has all reasons. */
export interface RowError {
  type: "row_error";
  feed: string;
  at: string;
  upload_id: string;
  progresso: number;
  line: number;
  record: number;
  accepted: number;
  rejected: number;
  bytes: number;
  total_bytes: number | null;
  errors: Problem[];
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  id: string;
}

/** One broken rule. */
export interface Problem {
  field: string;
  code: string;
  message: string;
  value: string | null;
  suggestion: string | null;
  suggestions?: string[];
  rule?: string;
  params?: Record<string, string | number | string[]>;
}

/** A sentence about an import or a task; with `code` and `params` a client can translate it. */
export interface Log {
  type: "log";
  feed: string;
  at: string;
  level: "debug" | "error" | "info" | "warning";
  message: string;
  code?: string;
  params?: Record<string, string | number | boolean | (string | number | boolean | Record<string, string | number | boolean | null> | null)[] | Record<string, string | number | boolean | (string | number | boolean | null)[] | null> | null>;
  id: string;
}

/** The last message of an `upload/*` or `tarefas/*` feed. */
export interface Finished {
  type: "finished";
  feed: string;
  at: string;
  status: "cancelled" | "completed" | "failed";
  accepted: number;
  rejected: number;
  rows: number;
  seconds: number;
  error: EndError | null;
  links: Record<string, string>;
  created?: number;
  updated?: number;
  unchanged?: number;
  skipped?: number;
  rows_stay?: boolean;
  id: string;
}

/** Why something failed. */
export interface EndError {
  code: string;
  message: string;
  params?: Record<string, string | number | boolean | (string | number | boolean | Record<string, string | number | boolean | null> | null)[] | Record<string, string | number | boolean | (string | number | boolean | null)[] | null> | null>;
  rule?: string;
}

/** An event is new; `event` is the whole of it. */
export interface EventCreated {
  type: "event.created";
  feed: "eventos";
  at: string;
  event: Event;
  id: string;
}

/** A stored event, as `GET /eventos/{id}` answers it. Members in wire order. */
export interface Event {
  id: number;
  title: string;
  description: string;
  event_date: string;
  city: string;
  participants: string[];
  local_info: Venue | null;
  upload_id: string | null;
  version: number;
  created_at: string;
  updated_at: string;
}

/** A place, as stored and as sent. Members in wire order. */
export interface Venue {
  location_name: string;
  capacity: number;
  venue_type: "Auditório" | "Salão" | "Teatro" | "Arena" | "Estádio" | "Ginásio" | "Parque" | "Praça" | "Centro de Convenções" | "Casa de Shows" | "Museu" | "Escola" | "Universidade" | "Igreja" | "Hotel" | "Restaurante" | "Online" | "Outro" | null;
  is_accessible: boolean;
  address: string | null;
  past_events: string[];
  manually_edited: boolean;
}

/** An event changed; `changed` names the members. */
export interface EventUpdated {
  type: "event.updated";
  feed: "eventos";
  at: string;
  event: Event;
  changed: string[];
  id: string;
}

/** An event was deleted. */
export interface EventDeleted {
  type: "event.deleted";
  feed: "eventos";
  at: string;
  event_id: number;
  id: string;
}

/** Many events changed at once: one message per committed batch. */
export interface EventsChanged {
  type: "events.changed";
  feed: "eventos";
  at: string;
  reason: "batch" | "delete" | "import" | "replace" | "undo";
  count: number;
  upload_id: string | null;
  first_id: number | null;
  last_id: number | null;
  id: string;
}

/** A task came to a step. `progresso` is 0 to 100; `step_code` lets a client word `step` itself. */
export interface TaskProgress {
  type: "progress";
  feed: string;
  at: string;
  task_id: string;
  progresso: number;
  step: string | null;
  step_code: string | null;
  id: string;
}

/** A notification to administrators. `link` is a path of this server, or None. */
export interface Notification {
  type: "notification";
  feed: "admin";
  at: string;
  severity: "error" | "info" | "warning";
  kind: string;
  title: string;
  message: string;
  actor: string;
  link: string | null;
  params?: Record<string, string | number | boolean | (string | number | boolean | Record<string, string | number | boolean | null> | null)[] | Record<string, string | number | boolean | (string | number | boolean | null)[] | null> | null>;
  id: string;
}

/** The live counts. */
export interface DashboardState {
  type: "state";
  feed: "dashboard";
  at: string;
  events: number;
  upcoming: number;
  cities: number;
  participants: number;
  capacity: number;
  online: number;
  uploads_active: number;
  by_city: CityCount[];
  by_month: MonthCount[];
  by_venue_type: VenueTypeCount[];
  coming: MonthCount[];
  beyond: number;
}

/** Events of one city, as it is most often written. */
export interface CityCount {
  city: string;
  events: number;
}

/** Events of one month, ``YYYY-MM`` of the wall clock. */
export interface MonthCount {
  month: string;
  events: number;
}

/** Events at one type of venue; None for events without one. */
export interface VenueTypeCount {
  venue_type: "Auditório" | "Salão" | "Teatro" | "Arena" | "Estádio" | "Ginásio" | "Parque" | "Praça" | "Centro de Convenções" | "Casa de Shows" | "Museu" | "Escola" | "Universidade" | "Igreja" | "Hotel" | "Restaurante" | "Online" | "Outro" | null;
  events: number;
}

/** Who is online. `online` counts people, `connections` their streams. */
export interface PresenceState {
  type: "state";
  feed: "presenca";
  at: string;
  online: number;
  connections: number;
  users: PersonOnline[];
}

/** One person, however many tabs. */
export interface PersonOnline {
  name: string;
  role: string;
  connections: number;
  since: string;
}

export type UploadMessage =
  | Hello
  | Heartbeat
  | Bye
  | UploadProgress
  | RowError
  | Log
  | Finished;

export type ImportsMessage =
  | Hello
  | Heartbeat
  | Bye
  | UploadProgress
  | RowError
  | Log
  | Finished;

export type EventsMessage =
  | Hello
  | Heartbeat
  | Bye
  | EventCreated
  | EventUpdated
  | EventDeleted
  | EventsChanged;

export type TaskMessage =
  | Hello
  | Heartbeat
  | Bye
  | TaskProgress
  | Log
  | Finished;

export type AdminMessage =
  | Hello
  | Heartbeat
  | Bye
  | Notification;

export type DashboardMessage =
  | Hello
  | Heartbeat
  | Bye
  | DashboardState;

export type PresenceMessage =
  | Hello
  | Heartbeat
  | Bye
  | PresenceState;

export type Message =
  | Hello
  | Heartbeat
  | Bye
  | UploadProgress
  | RowError
  | Log
  | Finished
  | EventCreated
  | EventUpdated
  | EventDeleted
  | EventsChanged
  | TaskProgress
  | Notification
  | DashboardState
  | PresenceState;
