import {reactive, toValue, watch} from "vue";
import {connect} from "fasttrack-client";

const nothing = () => ({messages: [], states: {}, status: null});

/**
 * Read feeds for as long as the scope lives: its newest messages, the latest states, the connection. The
 * feeds may be a ref or a getter, and so may `identity`: when one changes, it begins anew.
 */
export function useFeed(feeds, {keep = 100, identity, ...options} = {}) {
  const feed = reactive(nothing());
  const begin = ([names, who], _before, onCleanup) => {
    Object.assign(feed, nothing());
    const open = connect(names.split(" "), {
      ...options,
      identity: who,
      onMessage: (message) => (feed.messages = [...feed.messages, message].slice(-keep)),
      onState: (state) => (feed.states[state.feed] = state),
      onStatus: (status) => (feed.status = status),
    });
    onCleanup(() => open.close());
  };
  watch(() => [[toValue(feeds)].flat().join(" "), toValue(identity)], begin, {immediate: true});
  return feed;
}
