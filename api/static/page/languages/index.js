import en from "./en.js";
import ptBr from "./pt-br.js";

/** Every language of the page, the one of most readers first. Who is read in none of them reads English. */
export const LANGUAGES = [ptBr, en];

export const ENGLISH = en;
