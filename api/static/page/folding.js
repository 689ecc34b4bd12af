/** Letters that normal form KD leaves whole, each with its ASCII letters; domain/folding.py has the same. */
const LETTERS =
  "æae ðd øo þth đd ħh ıi ĸq łl ŋn œoe ŧt ƀb ƃb ƈc ƌd ƒf ƕhv ƙk ƚl ƞn ƣoi ƥp ƫt ƭt ƴy ƶz ǥg ȡd ȥz " +
  "ȴl ȵn ȶt ȷj ȸdb ȹqp ȼc ȿs ɀz ɇe ɉj ɍr ɏy ɓb ɖd ɗd ɛe ɠg ɨi ɩi ɲn ʈt ʉu ʋv ⱥa ⱦt";

const asciiOf = new Map(LETTERS.split(" ").map((pair) => [pair[0], pair.slice(1)]));
asciiOf.set("ß", "ss");
const letter = new RegExp(`[${[...asciiOf.keys()].join("")}]`, "g");

/** Text as searches compare it: without case, accents, strokes and outer blanks. */
export const folded = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(letter, (found) => asciiOf.get(found))
    .trim();
