import {useEffect, useState} from "react";
import {connect} from "fasttrack-client";

const NOTHING = {messages: [], states: {}, status: null};

/**
 * Read feeds for as long as the component is shown: its newest messages, the latest states, the
 * connection. Other feeds, another server or another person (`identity`) begin anew.
 */
export function useFeed(feeds, {keep = 100, ...options} = {}) {
  const [feed, setFeed] = useState(NOTHING);
  const names = [feeds].flat().join(" ");
  useEffect(() => {
    setFeed(NOTHING);
    const open = connect(names.split(" "), {
      ...options,
      onMessage: (message) => setFeed((was) => ({...was, messages: [...was.messages, message].slice(-keep)})),
      onState: (state) => setFeed((was) => ({...was, states: {...was.states, [state.feed]: state}})),
      onStatus: (status) => setFeed((was) => ({...was, status})),
    });
    return () => open.close();
  }, [names, options.base, options.identity]);
  return feed;
}
