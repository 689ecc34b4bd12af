/** As the domain writes them (domain/venues.py); a test holds the two together. */
export const VENUE_TYPES = ["Auditório", "Salão", "Teatro", "Arena", "Estádio", "Ginásio", "Parque", "Praça", "Centro de Convenções",
  "Casa de Shows", "Museu", "Escola", "Universidade", "Igreja", "Hotel", "Restaurante", "Online", "Outro"];
