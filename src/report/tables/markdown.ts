import { printable } from '../../dsl/kit/printable.js'

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/**
 * Escapes text for Markdown, in paragraphs and in cells of tables: no name from a file becomes markup, a link or another
 * cell. Underscores within words stay, because they mean nothing there. Line breaks become spaces.
 * Source: GitHub Flavored Markdown Spec, sections 2.4 (backslash escapes) and 4.10 (tables).
 */
export const escapeMarkdown = (text: string): string =>
  printable(text)
    .replace(/[&<>]/g, (character) => entities[character] ?? character)
    .replace(/[\\`*~|[\]]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
    .replace(/\s*\n\s*/g, ' ')
