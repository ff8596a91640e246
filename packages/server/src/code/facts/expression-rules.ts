/**
 * Reads expressions: `kind in ["u2u", "combined"] && (ukMau > 700000 || !applies("icu-c9"))`. Pure.
 *
 *     or       = and { "||" and }
 *     and      = not { "&&" not }
 *     not      = "!" not | "(" or ")" | "true" | "false" | "applies" "(" string ")" | test
 *     test     = term [ ("==" | "!=" | "<" | "<=" | ">" | ">=") term | "in" "[" literal { "," literal } "]" ]
 *     term     = fact | literal | "countAtLeast" "(" string "," string [ "," "[" [ string { "," string } ] "]" ] ")"
 *
 * A catalogue is a file from outside, so length, depth and number of nodes are bounded.
 */
import {
  EXPRESSION_DEPTH_MAX,
  EXPRESSION_NODES_MAX,
  type Comparison,
  type CountTerm,
  type Expression,
  type LiteralTerm,
  type Term,
} from './expression-schema.ts';
import { ExpressionError, isComparison, readTokens, type Token } from './expression-token-rules.ts';
import { LEVELS, type Level } from './schema.ts';

interface Cursor {
  peek(): Token;
  next(): Token;
  /** Takes the symbol or word when it is next. */
  take(text: string): boolean;
  /** @throws {ExpressionError} when something else is next */
  expect(text: string): Token;
  /** Counts a node. @throws {ExpressionError} when there are too many */
  count(at: number): void;
}

/** @throws {ExpressionError} with the place */
export function parseExpression(text: string): Expression {
  const cursor = openCursor(readTokens(text));
  const expression = parseOr(cursor, 0);
  const rest = cursor.peek();
  if (rest.kind !== 'end') throw new ExpressionError(`The expression should end before ${show(rest)}`, rest.at);
  return expression;
}

/** Ids of the facts that stand in it, each once, in the order of the text. Facts behind `applies` and `countAtLeast` are not among them. */
export function listFacts(expression: Expression): string[] {
  const found = new Set<string>();
  visit(expression, (node) => {
    if (node.kind === 'fact') found.add(node.fact);
  });
  return [...found];
}

/** Ids of the measures named in `applies(…)`. */
export function listControls(expression: Expression): string[] {
  const found = new Set<string>();
  visit(expression, (node) => {
    if (node.kind === 'applies') found.add(node.control);
  });
  return [...found];
}

/** The `countAtLeast(…)` in it. */
export function listCounts(expression: Expression): CountTerm[] {
  const found: CountTerm[] = [];
  visit(expression, (node) => {
    if (node.kind === 'count') found.push(node);
  });
  return found;
}

/** Every part, in the order of the text. */
export function visit(node: Expression | Term, onNode: (node: Expression | Term) => void): void {
  onNode(node);
  if (node.kind === 'not') visit(node.operand, onNode);
  else if (node.kind === 'and' || node.kind === 'or') for (const operand of node.operands) visit(operand, onNode);
  else if (node.kind === 'compare') for (const term of [node.left, node.right]) visit(term, onNode);
  else if (node.kind === 'in') visit(node.left, onNode);
}

function parseOr(cursor: Cursor, depth: number): Expression {
  return parseChain(cursor, { symbol: '||', kind: 'or', operand: () => parseAnd(cursor, depth) });
}

function parseAnd(cursor: Cursor, depth: number): Expression {
  return parseChain(cursor, { symbol: '&&', kind: 'and', operand: () => parseNot(cursor, depth) });
}

function parseChain(cursor: Cursor, { symbol, kind, operand }: { readonly symbol: string; readonly kind: 'and' | 'or'; operand(): Expression }): Expression {
  const { at } = cursor.peek();
  const first = operand();
  const operands = [first];
  while (cursor.take(symbol)) operands.push(operand());
  if (operands.length === 1) return first;
  cursor.count(at);
  return { kind, operands, at };
}

function parseNot(cursor: Cursor, depth: number): Expression {
  const { at } = cursor.peek();
  if (depth > EXPRESSION_DEPTH_MAX) throw new ExpressionError(`Parentheses and negations are nested deeper than ${EXPRESSION_DEPTH_MAX}`, at);
  if (cursor.take('!')) {
    cursor.count(at);
    return { kind: 'not', operand: parseNot(cursor, depth + 1), at };
  }
  if (!cursor.take('(')) return parseTest(cursor);
  const inner = parseOr(cursor, depth + 1);
  cursor.expect(')');
  return inner;
}

function parseTest(cursor: Cursor): Expression {
  const token = cursor.peek();
  cursor.count(token.at);
  if (token.kind === 'name' && token.text === 'applies') return parseApplies(cursor);
  const left = parseTerm(cursor);
  const sign = cursor.peek();
  if (isSymbol(sign) && isComparison(sign.text)) {
    cursor.next();
    return toComparison(left, sign.text, parseTerm(cursor));
  }
  if (sign.kind === 'name' && sign.text === 'in') return parseIn(cursor, left);
  if (left.kind === 'fact') return left;
  if (left.kind === 'literal' && typeof left.value === 'boolean') return { kind: 'constant', value: left.value, at: left.at };
  throw new ExpressionError('A comparison is missing: this alone is neither true nor false', left.at);
}

const MIRRORED: Readonly<Record<Comparison, Comparison>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** The value stands on the right, wherever it was written. */
function toComparison(left: Term, op: Comparison, right: Term): Expression {
  const { at } = left;
  if (left.kind !== 'literal' && right.kind === 'literal') return { kind: 'compare', op, left, right, at };
  if (left.kind === 'literal' && right.kind !== 'literal') return { kind: 'compare', op: MIRRORED[op], left: right, right: left, at };
  throw new ExpressionError('A fact or a count is compared with a value, and with nothing else', at);
}

function parseApplies(cursor: Cursor): Expression {
  const { at } = cursor.next();
  cursor.expect('(');
  const control = parseString(cursor);
  cursor.expect(')');
  return { kind: 'applies', control, at };
}

function parseIn(cursor: Cursor, left: Term): Expression {
  const { at } = cursor.next();
  if (left.kind !== 'fact') throw new ExpressionError('Only a fact stands before `in`', at);
  const options = parseList(cursor, parseLiteral);
  if (options.length === 0) throw new ExpressionError('The list after `in` is empty', at);
  return { kind: 'in', left, options, at: left.at };
}

function parseTerm(cursor: Cursor): Term {
  const token = cursor.peek();
  if (token.kind !== 'name' || token.text === 'true' || token.text === 'false') return parseLiteral(cursor);
  if (token.text === 'in' || token.text === 'applies') throw new ExpressionError(`A fact or a value is expected, not ${show(token)}`, token.at);
  cursor.next();
  cursor.count(token.at);
  return token.text === 'countAtLeast' ? parseCount(cursor, token.at) : { kind: 'fact', fact: token.text, at: token.at };
}

function parseCount(cursor: Cursor, at: number): CountTerm {
  cursor.expect('(');
  const prefix = parseString(cursor);
  cursor.expect(',');
  const { at: levelAt } = cursor.peek();
  const level = parseString(cursor);
  if (!isLevel(level)) throw new ExpressionError(`${JSON.stringify(level)} is no level: ${LEVELS.join(', ')}`, levelAt);
  const except = cursor.take(',') ? parseList(cursor, parseString) : [];
  cursor.expect(')');
  return { kind: 'count', prefix, level, except, at };
}

function parseList<Item>(cursor: Cursor, parseItem: (cursor: Cursor) => Item): Item[] {
  cursor.expect('[');
  const items: Item[] = [];
  if (cursor.take(']')) return items;
  do items.push(parseItem(cursor));
  while (cursor.take(','));
  cursor.expect(']');
  return items;
}

function parseLiteral(cursor: Cursor): LiteralTerm {
  const token = cursor.next();
  const { at } = token;
  cursor.count(at);
  if (token.kind === 'number') return { kind: 'literal', value: Number(token.text), at };
  if (token.kind === 'string') return { kind: 'literal', value: token.text, at };
  if (token.kind === 'name' && (token.text === 'true' || token.text === 'false')) return { kind: 'literal', value: token.text === 'true', at };
  throw new ExpressionError(`A fact or a value is expected, not ${show(token)}`, at);
}

function parseString(cursor: Cursor): string {
  const token = cursor.next();
  if (token.kind !== 'string') throw new ExpressionError(`A text in quotation marks is expected, not ${show(token)}`, token.at);
  cursor.count(token.at);
  return token.text;
}

function openCursor(tokens: readonly Token[]): Cursor {
  const end = tokens.at(-1) ?? { kind: 'end', text: '', at: 0 };
  let index = 0;
  let nodes = 0;
  const peek = (): Token => tokens[index] ?? end;
  const next = (): Token => {
    const token = peek();
    index += 1;
    return token;
  };
  return {
    peek,
    next,
    take(text) {
      if (!isSymbol(peek()) || peek().text !== text) return false;
      next();
      return true;
    },
    expect(text) {
      const token = next();
      if (isSymbol(token) && token.text === text) return token;
      throw new ExpressionError(`\`${text}\` is expected, not ${show(token)}`, token.at);
    },
    count(at) {
      nodes += 1;
      if (nodes > EXPRESSION_NODES_MAX) throw new ExpressionError(`An expression has at most ${EXPRESSION_NODES_MAX} parts`, at);
    },
  };
}

function isSymbol(token: Token): boolean {
  return token.kind === 'symbol';
}

function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text);
}

function show(token: Token): string {
  return token.kind === 'end' ? 'the end' : JSON.stringify(token.text);
}
