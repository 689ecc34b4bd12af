import {currentLanguage} from "./i18n.js";

/** A small file as people have them, with what the review is for: a title row, a time column, some faults. */
export function sampleFile() {
  const year = new Date().getFullYear() + 1;
  const rows = currentLanguage() === "en" ? english(year) : portuguese(year);
  return new File([rows.join("\r\n")], currentLanguage() === "en" ? "example.csv" : "exemplo.csv", {
    type: "text/csv",
  });
}

const portuguese = (year) => [
  `Agenda cultural ${year};;;;;;`,
  "Evento;Data;Horário;Cidade;Local;Lotação;Tipo de local",
  `Festa Junina;24/06/${year};18h;Recife;Praça do Arsenal;900;Praça`,
  `Mostra de Cinema;02/07/${year};20h30;Olinda;Cine Duarte Coelho;300;Teatro`,
  `Feira de Livros;13/08/${year};9:00;Recife;Parque da Jaqueira;1200;Parque`,
  `Concerto de Natal;20/12/${year};19h;Caruaru;Auditório do Sesc;350;Auditorio Municipal`,
  `Sarau;a definir;20h;Recife;Casa da Cultura;80;Museu`,
  `Oficina de Frevo;31/02/${year};15h;Olinda;Escola Municipal;1.200;Escola`,
];

const english = (year) => [
  `Events ${year},,,,,,`,
  "Event,Date,Start time,City,Venue,Capacity,Venue type",
  `Street Party,06/24/${year},6:00 PM,Recife,Arsenal Square,900,Praça`,
  `Film Show,07/02/${year},8:30 PM,Olinda,Duarte Coelho Cinema,300,Teatro`,
  `Book Fair,08/13/${year},9:00 AM,Recife,Jaqueira Park,1200,Parque`,
  `Christmas Concert,12/20/${year},7:00 PM,Caruaru,Sesc Hall,350,Auditorio Municipal`,
  `Reading,to be decided,8:00 PM,Recife,House of Culture,80,Museu`,
  `Dance Workshop,02/31/${year},3:00 PM,Olinda,City School,"1,200",Escola`,
];
