import {derived, readable} from "svelte/store";
import {connect} from "fasttrack-client";

const NOTHING = {messages: [], states: {}, status: null};

/**
 * A store of feeds, open while somebody subscribes: `$feed.messages`, `$feed.states`, `$feed.status`. The
 * feeds may be a store of names: when they change, it begins anew.
 */
export const feedStore = (feeds, {keep = 100, ...options} = {}) =>
  derived(feeds?.subscribe ? feeds : readable(feeds), (names, set, update) => {
    set(NOTHING);
    const open = connect(names, {
      ...options,
      onMessage: (message) => update((was) => ({...was, messages: [...was.messages, message].slice(-keep)})),
      onState: (state) => update((was) => ({...was, states: {...was.states, [state.feed]: state}})),
      onStatus: (status) => update((was) => ({...was, status})),
    });
    return () => open.close();
  });
