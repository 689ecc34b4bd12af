import {onScopeDispose, reactive} from "vue";
import {connect} from "fasttrack-client";

/** Read feeds for as long as the scope lives: its newest messages, the latest states, the connection. */
export function useFeed(feeds, {keep = 100, ...options} = {}) {
  const feed = reactive({messages: [], states: {}, status: null});
  const open = connect(feeds, {
    ...options,
    onMessage: (message) => (feed.messages = [...feed.messages, message].slice(-keep)),
    onState: (state) => (feed.states[state.feed] = state),
    onStatus: (status) => (feed.status = status),
  });
  onScopeDispose(() => open.close());
  return feed;
}
