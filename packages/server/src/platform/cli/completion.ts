/** Shell completion, from the same definitions as the help. */
import { GatehouseError } from '../errors.ts';
import { EXIT, type CommandDefinition } from './command.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

/** @param others every other command, including those of the domains */
export function completionCommand(others: () => readonly CommandDefinition[]): CommandDefinition {
  return {
    name: 'completion',
    summary: 'Print a completion script for bash, zsh or fish',
    help: 'bash:  source <(gatehouse completion bash)\nzsh:   source <(gatehouse completion zsh)\nfish:  gatehouse completion fish | source',
    arguments: [{ name: '<shell>', about: SHELLS.join(', ') }],
    async run(context, args) {
      const shell = args.positional[0] ?? '';
      if (!SHELLS.includes(shell)) throw new GatehouseError('invalid_request', `There is no completion for "${shell}"; choose ${SHELLS.join(', ')}.`);
      context.terminal.out(writeScript(shell, others()));
      return EXIT.ok;
    },
  };
}

function writeScript(shell: string, definitions: readonly CommandDefinition[]): string {
  const tree = toTree(definitions);
  if (shell === 'fish') return writeFish(definitions, tree);
  const cases = [...tree].map(([noun, words]) => `    ${noun}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current")) ;;`).join('\n');
  const script = `_gatehouse() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${[...tree.keys()].join(' ')}" -- "$current")); return; fi
  case "\${COMP_WORDS[1]}" in
${cases}
  esac
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _gatehouse gatehouse
`;
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${script}` : script;
}

/** First word -> what may follow: verbs and options. */
function toTree(definitions: readonly CommandDefinition[]): Map<string, string[]> {
  const tree = new Map<string, string[]>();
  for (const definition of definitions) {
    const [noun = '', ...words] = definition.name.split(' ');
    const flags = ['--json', ...(definition.options ?? []).flatMap((option) => option.flags.match(/--[\w-]+/g) ?? [])];
    tree.set(noun, [...new Set([...(tree.get(noun) ?? []), ...words, ...flags])]);
  }
  return tree;
}

function writeFish(definitions: readonly CommandDefinition[], tree: Map<string, string[]>): string {
  const lines = [...tree.keys()].map((noun) => `complete -c gatehouse -n __fish_use_subcommand -a ${noun}`);
  for (const definition of definitions) {
    const words = definition.name.split(' ');
    const verb = words.at(-1) ?? '';
    if (words.length > 1)
      lines.push(`complete -c gatehouse -n "__fish_seen_subcommand_from ${words.at(-2) ?? ''}" -a ${verb} -d "${definition.summary.replaceAll('"', "'")}"`);
  }
  return `${lines.join('\n')}\n`;
}
