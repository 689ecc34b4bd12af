// Compiles only if the messages of an import are a union told apart by `type`, and nothing in them is untyped.
import type {DashboardMessage, EventsMessage, UploadMessage} from "./generated";

export function tell(message: UploadMessage): string {
  switch (message.type) {
    case "hello": return message.cursor;
    case "heartbeat": return message.at;
    case "bye": return message.reason;
    case "progress": return `${message.progresso} ${message.title}`;
    case "row_error": return message.errors.map(({field, code}) => `${field}: ${code}`).join();
    case "log": return message.level;
    case "finished": return message.error === null ? message.status : message.error.code;
    default: return unheard(message);
  }
}

export function place(message: EventsMessage): string | null {
  return message.type === "event.created" ? message.event.local_info?.location_name ?? null : null;
}

export function largest(message: DashboardMessage): string | undefined {
  return message.type === "state" ? message.by_city[0]?.city : undefined;
}

function unheard(message: never): never {
  throw new Error(`a type that the document does not name: ${JSON.stringify(message)}`);
}
