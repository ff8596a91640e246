import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listControls, listFacts, parseExpression } from './expression-rules.ts';
import { ExpressionError } from './expression-token-rules.ts';
import { EXPRESSION_DEPTH_MAX, EXPRESSION_LENGTH_MAX, type Expression, type Term } from './expression-schema.ts';

/** Back to text, with every parenthesis: what is read is what was meant. */
function print(node: Expression | Term): string {
  switch (node.kind) {
    case 'constant':
      return String(node.value);
    case 'literal':
      return JSON.stringify(node.value);
    case 'fact':
      return node.fact;
    case 'applies':
      return `applies(${JSON.stringify(node.control)})`;
    case 'count':
      return `countAtLeast(${JSON.stringify(node.prefix)}, ${JSON.stringify(node.level)}, ${JSON.stringify(node.except)})`;
    case 'not':
      return `!(${print(node.operand)})`;
    case 'and':
      return node.operands.map((operand) => `(${print(operand)})`).join(' && ');
    case 'or':
      return node.operands.map((operand) => `(${print(operand)})`).join(' || ');
    case 'compare':
      return `${print(node.left)} ${node.op} ${print(node.right)}`;
    case 'in':
      return `${print(node.left)} in [${node.options.map(print).join(', ')}]`;
  }
}

describe('expressions', () => {
  it.each([
    ['a && b || c', '((a) && (b)) || (c)'],
    ['a || b && !c', '(a) || ((b) && (!(c)))'],
    ['!a && b', '(!(a)) && (b)'],
    ['!(a && b)', '!((a) && (b))'],
    ['ukMau>700000', 'ukMau > 700000'],
    ['kind in ["u2u","combined"]', 'kind in ["u2u", "combined"]'],
    ['risk.imageCsam=="high"&&large', '(risk.imageCsam == "high") && (large)'],
    ['countAtLeast("risk.","medium",["risk.imageCsam"])>=2', 'countAtLeast("risk.", "medium", ["risk.imageCsam"]) >= 2'],
    ['countAtLeast("risk.", "medium") >= 1', 'countAtLeast("risk.", "medium", []) >= 1'],
    ['applies("icu-c9")', 'applies("icu-c9")'],
    ['true', 'true'],
    ['euSmall == false', 'euSmall == false'],
    ['n > -1.5', 'n > -1.5'],
    ['700000 < ukMau', 'ukMau > 700000'],
    ['2 <= countAtLeast("risk.", "low")', 'countAtLeast("risk.", "low", []) >= 2'],
  ])('reads %s', (text, meant) => {
    expect(print(parseExpression(text))).toBe(meant);
  });

  it.each([
    ['', 1, 'the end'],
    ['a &&', 5, 'the end'],
    ['a & b', 3, '"&"'],
    ['a b', 3, 'should end'],
    ['as icu-c15', 7, 'means nothing'],
    ['a as b', 3, 'should end'],
    ['a == b', 1, 'compared with a value'],
    ['1 < 2', 1, 'compared with a value'],
    ['(a || b', 8, '`)`'],
    ['a == "x', 6, 'does not end'],
    ['700000', 1, 'comparison is missing'],
    ['countAtLeast("risk.", "medium")', 1, 'comparison is missing'],
    ['countAtLeast("risk.", "medum") > 1', 23, 'no level'],
    ['kind in []', 6, 'empty'],
    ['3 in [3]', 3, 'Only a fact'],
    ['applies(icu)', 9, 'quotation marks'],
    ['a == in', 6, 'expected'],
    ['x.', 2, 'means nothing'],
  ])('refuses %j at character %i', (text, character, words) => {
    const error = failure(text);
    expect(error.message).toContain(words);
    expect(error.message).toContain(`(character ${character})`);
  });

  it('bounds length, depth and number of parts', () => {
    expect(failure(`a${' '.repeat(EXPRESSION_LENGTH_MAX)}`).message).toContain('at most');
    const nest = (depth: number): string => `${'('.repeat(depth)}a${')'.repeat(depth)}`;
    expect(print(parseExpression(nest(EXPRESSION_DEPTH_MAX)))).toBe('a');
    expect(failure(nest(EXPRESSION_DEPTH_MAX + 1)).message).toContain('deeper');
    expect(failure(`${'!'.repeat(EXPRESSION_DEPTH_MAX + 2)}a`).message).toContain('deeper');
    expect(failure(Array.from({ length: 300 }, () => 'a').join('||')).message).toContain('parts');
  });

  it('lists facts and measures once, in order', () => {
    const expression = parseExpression('b && (a || !b) && applies("icu-c9") && c.d in ["x"] && countAtLeast("risk.", "low") > 1 && e');
    expect(listFacts(expression)).toEqual(['b', 'a', 'c.d', 'e']);
    expect(listControls(expression)).toEqual(['icu-c9']);
  });

  it('answers to any text with a tree or an ExpressionError', () => {
    const words = fc.constantFrom(
      'a',
      'risk.x',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '==',
      '<',
      'in',
      '[',
      ']',
      ',',
      '"high"',
      '12',
      'true',
      'applies',
      'countAtLeast',
      '"',
      '%',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(words, { maxLength: 16 }).map((list) => list.join(' ')),
        ),
        (text) => {
          try {
            // What was read can be printed and read again, to the same.
            const once = print(parseExpression(text));
            expect(print(parseExpression(once))).toBe(once);
          } catch (error) {
            expect(error).toBeInstanceOf(ExpressionError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function failure(text: string): ExpressionError {
  try {
    parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}
