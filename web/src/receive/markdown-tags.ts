/** Tags that load, submit, frame or style nothing: text, lists, tables and links. */
export const ALLOWED_TAGS =
  'a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre s strong table tbody td th thead tr ul'.split(' ')
