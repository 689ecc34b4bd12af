import {h} from "./dom.js";

/** A named gauge with an amount beside its name. @param {string} key */
export function bar(key) {
  const name = h("span", {t: key});
  const amount = h("span.soft.numbers");
  const gauge = h("progress", {max: "100", value: "0", label: key});
  const show = (percent, text) => {
    gauge.value = percent;
    amount.textContent = text;
  };
  return {element: h("div", {}, h("div.bar-head", {}, name, amount), gauge), show};
}
