/** Cuts the text of an expression into tokens. Pure. */
import { COMPARISONS, EXPRESSION_LENGTH_MAX } from './expression-schema.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'symbol' | 'end';
  /** Of a string: its value. */
  readonly text: string;
  readonly at: number;
}

/** The text is not an expression. The message names the place, counted from 1. */
export class ExpressionError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(`${message} (character ${at + 1})`);
    this.name = 'ExpressionError';
    this.at = at;
  }
}

const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['name', /[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*/y],
  ['number', /-?[0-9]+(?:\.[0-9]+)?/y],
  ['string', /"[^"\\\n]*"/y],
  ['symbol', /&&|\|\||==|!=|<=|>=|[!<>()[\],]/y],
];

/** @throws {ExpressionError} */
export function readTokens(text: string): readonly Token[] {
  if (text.length > EXPRESSION_LENGTH_MAX)
    throw new ExpressionError(`An expression has at most ${EXPRESSION_LENGTH_MAX} characters, this one ${text.length}`, EXPRESSION_LENGTH_MAX);
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const token = readToken(text, at);
    tokens.push(token.kind === 'string' ? { ...token, text: token.text.slice(1, -1) } : token);
    at = skipSpace(text, at + token.text.length);
  }
  return [...tokens, { kind: 'end', text: '', at }];
}

function readToken(text: string, at: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return { kind, text: found, at };
  }
  if (text[at] === '"') throw new ExpressionError('The text in quotation marks does not end', at);
  throw new ExpressionError(`${JSON.stringify(text[at])} means nothing here`, at);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t') at += 1;
  return at;
}

export function isComparison(text: string): text is (typeof COMPARISONS)[number] {
  return (COMPARISONS as readonly string[]).includes(text);
}
