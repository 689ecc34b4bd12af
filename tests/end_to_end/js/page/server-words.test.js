import assert from "node:assert/strict";
import {test} from "node:test";
import {refusalWords} from "../../../../api/static/page/import-refusals.js";
import {logWords, noticeWords, stepWords} from "../../../../api/static/page/server-words.js";
import {
  exactWords,
  faultText,
  generalWords,
  moreOf,
  reasonInForm,
  reasonOf,
} from "../../../../api/static/page/problem-words.js";

// Without a browser the language is the page's first: Portuguese.

test("a notification is worded by its kind and parameters", () => {
  const said = noticeWords({
    kind: "event.created",
    title: "Event 1207 created",
    message: "…",
    actor: "ana",
    params: {event_id: 1207, title: "São João", city: "Caruaru", event_date: "2027-06-24T19:00:00"},
  });
  assert.deepEqual(said, {
    heading: "Evento 1207 criado",
    words: "ana criou “São João” em Caruaru, 24 jun 2027, 19:00",
  });
});

test("an import without a name of its file is named by its id", () => {
  const {heading} = noticeWords({
    kind: "import.finished",
    title: "",
    message: "",
    actor: "ana",
    params: {upload_id: "u7", filename: "", status: "completed", accepted: 3, rejected: 0},
  });
  assert.equal(heading, "Importação de u7 concluída");
});

test("an import that failed says why", () => {
  const said = noticeWords({
    kind: "import.finished",
    title: "",
    message: "",
    actor: "ana",
    params: {
      upload_id: "u7",
      filename: "folheto.pdf",
      status: "failed",
      accepted: 0,
      rejected: 0,
      reason: "The file is empty.",
      reason_code: "empty_file",
    },
  });
  assert.deepEqual(said, {
    heading: "Importação de folheto.pdf falhou",
    words: "Para ana: O arquivo está vazio.",
  });
});

const failed = {
  kind: "import.finished",
  title: "",
  message: "",
  actor: "ana",
  params: {
    upload_id: "u7",
    filename: "foto.jpg",
    status: "failed",
    accepted: 0,
    rejected: 0,
    reason: "This looks like a JPEG image, not like a table of events: send the table as .xlsx or CSV.",
    reason_code: "not_text",
    reason_rule: null,
    reason_params: {field: "", value: null, kind: "jpeg", advice: "send_table"},
  },
};

test("an import that failed says so by the exact words of the rule", () => {
  assert.equal(
    noticeWords(failed).words,
    "Para ana: Parece uma imagem JPEG, não uma tabela de eventos: envie a própria tabela, como .xlsx ou CSV.",
  );
  const broken = {
    ...failed.params,
    accepted: 1,
    reason_code: "invalid_json",
    reason_rule: "after_end",
    reason_params: {field: "", value: "xyz", line: 3},
  };
  assert.match(
    noticeWords({...failed, params: broken}).words,
    /^1 linha aceita, nenhuma recusada, para ana: linha 3: .*xyz/,
  );
});

for (const [accepted, rejected, words] of [
  [0, 0, "nenhuma linha aceita, nenhuma recusada, para ana"],
  [1, 0, "1 linha aceita, nenhuma recusada, para ana"],
  [1200, 1, "1.200 linhas aceitas, 1 recusada, para ana"],
  [0, 2, "nenhuma linha aceita, 2 recusadas, para ana"],
])
  test(`each number of an import has its own form: ${accepted}, ${rejected}`, () => {
    const params = {upload_id: "u7", filename: "a.csv", status: "completed", accepted, rejected};
    const notice = {kind: "import.finished", title: "", message: "", actor: "ana", params};
    assert.equal(noticeWords(notice).words, words);
  });

for (const [accepted, rejected, words] of [
  [1, 0, "ana corrigiu 1 linha recusada; não resta nenhuma"],
  [1, 1, "ana corrigiu 1 linha recusada; resta 1"],
  [30, 2, "ana corrigiu 30 linhas recusadas; restam 2"],
])
  test(`corrected rows and those that are left are told in number: ${accepted}, ${rejected}`, () => {
    const params = {upload_id: "u7", filename: "a.csv", accepted, rejected};
    const notice = {kind: "import.repaired", title: "", message: "", actor: "ana", params};
    assert.equal(noticeWords(notice).words, words);
  });

test("a change of many events is worded by what was done", () => {
  const params = {change: "delete", count: 1};
  const notice = {kind: "bulk_change", title: "", message: "", actor: "ana", params};
  assert.deepEqual(noticeWords(notice), {heading: "1 evento excluído", words: "Por ana"});
  assert.equal(noticeWords({...notice, params: {...params, count: 2500}}).heading, "2.500 eventos excluídos");
});

test("what has no words here keeps the server's", () => {
  const notice = {kind: "moon.full", title: "Full moon", message: "Tonight", actor: "sky", params: {}};
  assert.deepEqual(noticeWords(notice), {heading: "Full moon", words: "Tonight"});
  assert.deepEqual(noticeWords({...notice, kind: "user.added", params: undefined}).words, "Tonight");
  assert.equal(logWords({code: "moon.full", message: "Full moon"}), "Full moon");
});

test("a log line is worded by its code and parameters", () => {
  assert.equal(
    logWords({code: "import.broke_off", message: "…", params: {offset: 2048}}),
    "O envio parou depois de 2 KB; envie o arquivo de novo e ele continua daí",
  );
  const columns = [
    {name: "Nome", field: "title"},
    {name: "Dia", field: "event_date"},
  ];
  assert.equal(
    logWords({code: "import.columns", message: "…", params: {columns}}),
    "Colunas: Nome → title, Dia → event_date",
  );
});

test("a step is worded by its code; that of an earlier version stays as it is", () => {
  assert.equal(stepWords({step: "reading events", step_code: "analysis.reading"}), "Lendo os eventos");
  assert.equal(stepWords({step: "looking at the moon", step_code: null}), "looking at the moon");
  assert.equal(stepWords({step: null}), "");
});

test("a refusal is said by its code or its kind, without the server's English", () => {
  const detail = "There is no event 7.";
  assert.equal(faultText({status: 404, kind: "not-found", detail}), "Não existe mais.");
  assert.equal(
    faultText({status: 409, kind: "conflict", code: "wrong_state", detail}).includes(detail),
    false,
  );
  const errors = [{field: "url", code: "invalid_url"}];
  assert.match(
    faultText({status: 422, kind: "validation", code: "invalid_url", errors, detail}),
    /^Endereço precisa ser um endereço como /,
  );
  assert.equal(faultText({status: 502, kind: "", detail: undefined}), "Não deu certo: 502");
  assert.match(faultText({status: 0}), /não respondeu/);
});

test("a reason within a line is worded by its code", () => {
  const params = {reason: "an option came late", reason_code: "late_option"};
  assert.doesNotMatch(logWords({code: "import.taking_out", message: "…", params}), /option/);
});

test("a problem is worded exactly: value, rule, limits, what to do", () => {
  assert.equal(
    reasonOf({code: "too_long", field: "title", params: {length: 1400, limit: 100}}),
    "tem 1.400 caracteres; cabem no máximo 100",
  );
  assert.equal(
    reasonOf({
      code: "invalid_date",
      rule: "weekday",
      params: {day: "2027-06-24", is_one: "thursday", not_one: "monday"},
    }),
    "2027-06-24 cai em quinta, não em segunda; qual dos dois está certo?",
  );
  assert.equal(
    reasonOf({code: "not_text", params: {kind: "pdf", advice: "export_table"}}),
    "Parece um PDF, não uma tabela de eventos: exporte a tabela como .xlsx ou CSV no programa que a fez.",
  );
  assert.equal(
    reasonOf({
      code: "missing_columns",
      rule: "likely",
      params: {fields: ["event_date"], column: "Dia", target: "event_date"},
    }),
    "O arquivo não tem coluna para: Data; talvez “Dia” seja Data.",
  );
});

test("problems of an earlier version, without parameters, are worded in general, with their value", () => {
  const old = {code: "too_long", field: "title", message: "title has 140 characters", value: "A"};
  assert.equal(exactWords(old), null);
  assert.equal(reasonOf(old), generalWords(old));
  assert.equal(moreOf(old), "“A”");
});

test("a refusal is worded exactly by its rule, or by its first error", () => {
  assert.equal(
    faultText({
      status: 403,
      kind: "forbidden",
      rule: "role",
      params: {role: "editor", name: "ana", own: "viewer"},
    }),
    "Isso exige o papel “edição”; ana tem “leitura”.",
  );
  const errors = [
    {
      field: "file",
      code: "too_large",
      rule: "body",
      params: {length_bytes: 3 * 2 ** 20, limit_bytes: 2 ** 20},
    },
  ];
  assert.equal(
    faultText({status: 413, kind: "too-large", code: "too_large", errors}),
    "O envio tem 3 MB; o arquivo pode ter no máximo 1 MB.",
  );
  const short = [{field: "title", code: "required"}];
  assert.equal(
    faultText({status: 422, kind: "validation", code: "required", errors: short}),
    "Título não pode ficar em branco",
  );
});

test("a form has words of its own where others speak of cells and quotes", () => {
  const digits = {code: "invalid_type", rule: "digits", value: "1.200"};
  assert.match(reasonOf(digits), /aspas/);
  assert.equal(reasonInForm(digits), "precisa ser um número inteiro, só com algarismos");
  const short = {code: "too_short", field: "local_info.location_name", params: {limit: 3}};
  assert.equal(reasonInForm(short), reasonOf(short));
});

test("a time that is none is not called a date", () => {
  assert.equal(generalWords({code: "invalid_date", field: "event_time"}), "não é um horário");
  assert.equal(generalWords({code: "invalid_date", field: "event_date"}), "não é uma data que exista");
});

test("an import that refuses what its card offered says what it is now, and no number", () => {
  const id = "7230238d-0c1e-4c9e-a6a7-5f6f6d6c1c11";
  const refused = (status, rule = null) => ({
    status: 409,
    kind: "conflict",
    detail: `import ${id} is ${status}`,
    errors: [{field: "", code: "wrong_state", rule, value: id, message: "…", params: {value: id, status}}],
  });
  for (const [act, status, words] of [
    [
      "correct",
      "undone",
      "A importação foi desfeita enquanto isso: não dá mais para corrigir as linhas dela.",
    ],
    ["correct", "undoing", "A importação está sendo desfeita: não dá mais para corrigir as linhas dela."],
    ["cancel", "completed", "A importação foi concluída enquanto isso: não há mais o que cancelar."],
    ["cancel", "failed", "A importação falhou enquanto isso: não há mais o que cancelar."],
    ["cancel", "cancelled", "A importação foi cancelada enquanto isso."],
    ["cancel", "undone", "A importação foi desfeita enquanto isso: não há mais o que cancelar."],
    ["cancel", "undoing", "A importação está sendo desfeita: não há mais o que cancelar."],
    ["undo", "undoing", "A importação já está sendo desfeita."],
  ])
    assert.equal(refusalWords(act, refused(status)), words);
  assert.equal(
    refusalWords("undo", refused("undone", "not_ended")),
    "A importação foi desfeita enquanto isso.",
  );
  for (const rule of [null, "not_staged", "not_ended", "dry_run", "no_rows", "atomic"])
    for (const act of ["correct", "cancel", "undo"]) {
      const said = refusalWords(act, refused("processing", rule));
      assert.match(said, /^A importação .*[^}]\.$/);
      assert.equal(said.includes(id), false, said);
    }
  // Any other refusal is worded as everywhere.
  const others = [
    {status: 0},
    {status: 403, kind: "forbidden"},
    {status: 409, kind: "conflict", code: "wrong_state", detail: "…"},
    {status: 422, kind: "validation", errors: [{field: "url", code: "invalid_url"}]},
  ];
  for (const fault of others) assert.equal(refusalWords("correct", fault), faultText(fault));
});

test("a notification about a webhook names what is delivered, and not how its feed is called", () => {
  const said = (...feeds) =>
    noticeWords({kind: "webhook.added", title: "", message: "", actor: "ana", params: {feeds}}).words;
  for (const [feeds, what] of [
    [["eventos"], "“Mudanças de eventos”"],
    [["eventos", "admin"], "“Mudanças de eventos”, “Notificações”"],
    [["eventos/progresso"], "“Importações, linha a linha”"],
    [["a.new.one"], "a.new.one"],
  ])
    assert.ok(said(...feeds).includes(what), said(...feeds));
});
