"""Names under which files keep what is no event, though it has a name, a date and a place: people, venues.

In English, Portuguese and Spanish, singular and plural, in the form of `column_key`.
"""

from collections.abc import Iterable

from domain.rows.memory import remember
from domain.rows.names import column_key

_NAMES = """
    venue venues place places location locations local locais locales lugar lugares recinto recintos espaco
    espacos espacio espacios sede sedes room rooms sala salas salon salones stage stages palco palcos
    escenario escenarios building buildings facility facilities auditorio auditorios city cities cidade
    cidades ciudad ciudades region regions regiao regioes region regiones address addresses endereco enderecos
    direccion direcciones
    organizer organizers organiser organisers organizador organizadores organizadora organizadoras host hosts
    promoter promoters produtor produtores productor productores sponsor sponsors patrocinador patrocinadores
    partner partners parceiro parceiros company companies empresa empresas organization organizations
    organisation organisations organizacao organizacoes organizacion organizaciones brand brands
    user users usuario usuarios utilizador utilizadores person people persons pessoa pessoas persona personas
    member members membro membros miembro miembros employee employees employer funcionario funcionarios
    empleado empleados colaborador colaboradores staff equipe equipes equipo equipos team teams contact
    contacts contato contatos contacto contactos customer customers client clients cliente clientes owner
    owners creator creators author authors autor autora autores profile profiles perfil perfis perfiles
    account accounts conta contas cuenta cuentas student students aluno alunos alumno alumnos teacher
    teachers professor professores profesor profesores volunteer volunteers voluntario voluntarios
    attendee attendees participant participants participante participantes guest guests convidado convidados
    invitado invitados asistente asistentes speaker speakers palestrante palestrantes ponente ponentes artist
    artists artista artistas performer performers attraction attractions instructor instructors instrutor
    instrutores instructores band bands banda bandas
    ticket tickets ingresso ingressos entrada entradas boleto boletos bilhete bilhetes offer offers oferta
    ofertas order orders pedido pedidos orden ordenes sale sales venda vendas venta ventas booking bookings
    reserva reservas reservation reservations payment payments pagamento pagamentos pago pagos invoice
    invoices fatura faturas factura facturas product products produto produtos producto productos price
    prices preco precos precio precios registration registrations inscricao inscricoes inscripcion
    inscripciones purchase purchases compra compras coupon coupons cupom cupons cupon cupones
    review reviews avaliacao avaliacoes resena resenas comment comments comentario comentarios rating ratings
    testimonial testimonials depoimento depoimentos testimonio testimonios
    post posts postagem postagens publicacao publicacoes publicacion publicaciones article articles artigo
    artigos articulo articulos news noticia noticias page pages pagina paginas blog blogs message messages
    mensagem mensagens mensaje mensajes file files image images imagem
    imagens imagen imagenes photo photos foto fotos attachment attachments anexo anexos media video videos
    category categories categoria categorias tag tags genre genres genero generos
    query queries request requests search filter filters filtro filtros busca buscas busqueda busquedas
    consulta consultas pesquisa pesquisas requisicao solicitacao solicitud params parameters parametros
    meta metadata metadados metadatos info pagination paginacao paginacion paging log logs
"""
_WORDS = frozenset(_NAMES.split())

_OF_EVENTS = frozenset({"event", "events", "evento", "eventos"})
"""Beside one of these words, another says only whose events they are."""

_known: dict[str, bool | None] = {}


def is_no_event(path: Iterable[str], *, before: bool = False) -> bool:
    """Return whether names that lead to a value say that it is no event: the last that says either counts.

    `before` is what the names said that lead to the first of these.
    """
    said = before
    for name in path:
        says = _says(name)
        said = said if says is None else says
    return said


def _says(name: str) -> bool | None:
    """Return whether a name is one of what is no event; None where it says nothing of that."""
    if name not in _known:
        words = {*column_key(name).split("_")}
        is_of_events = not words.isdisjoint(_OF_EVENTS)
        remember(_known, name, False if is_of_events else True if not words.isdisjoint(_WORDS) else None)
    return _known.get(name)
