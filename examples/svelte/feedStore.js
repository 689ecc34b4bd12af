import {readable} from "svelte/store";
import {connect} from "fasttrack-client";

/** A store of feeds, open while somebody subscribes: `$feed.messages`, `$feed.states`, `$feed.status`. */
export const feedStore = (feeds, {keep = 100, ...options} = {}) =>
  readable({messages: [], states: {}, status: null}, (_set, update) => {
    const open = connect(feeds, {
      ...options,
      onMessage: (message) => update((was) => ({...was, messages: [...was.messages, message].slice(-keep)})),
      onState: (state) => update((was) => ({...was, states: {...was.states, [state.feed]: state}})),
      onStatus: (status) => update((was) => ({...was, status})),
    });
    return () => open.close();
  });
