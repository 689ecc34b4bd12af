// Mistakes, not taste: what the recommended rules find, names that nobody uses, lines that are too long.
import js from "@eslint/js";
import globals from "globals";

export default [
  {ignores: ["**/node_modules/**", "**/.venv/**", "bench/**"]},
  js.configs.recommended,
  {
    languageOptions: {ecmaVersion: 2022, sourceType: "module", globals: {...globals.browser}},
    linterOptions: {reportUnusedDisableDirectives: "error"},
    rules: {
      eqeqeq: ["error", "always", {null: "ignore"}],
      "max-len": ["error", {code: 110, ignoreUrls: true, ignoreStrings: true}],
      "no-shadow": "error",
      "no-unused-vars": ["error", {ignoreRestSiblings: true}],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {files: ["tests/**", "examples/**", "clients/**"], languageOptions: {globals: {...globals.node}}},
];
