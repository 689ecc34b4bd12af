import {useEffect, useState} from "react";
import {connect} from "fasttrack-client";

/**
 * Read feeds for as long as the component is shown: its newest messages, the latest states, the
 * connection.
 */
export function useFeed(feeds, {keep = 100, ...options} = {}) {
  const [feed, setFeed] = useState({messages: [], states: {}, status: null});
  const names = [feeds].flat().join(" ");
  useEffect(() => {
    const open = connect(names.split(" "), {
      ...options,
      onMessage: (message) => setFeed((was) => ({...was, messages: [...was.messages, message].slice(-keep)})),
      onState: (state) => setFeed((was) => ({...was, states: {...was.states, [state.feed]: state}})),
      onStatus: (status) => setFeed((was) => ({...was, status})),
    });
    return () => open.close();
  }, [names, options.base]);
  return feed;
}
