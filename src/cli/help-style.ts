import type { Command, Help, Option } from 'commander';

/** How help describes flags: what a person needs, without commander's asides about presets and variables. */
export const HELP_STYLE: Partial<Help> = {
  sortSubcommands: false,
  subcommandTerm: (command: Command) => command.name(),
  optionTerm: (option: Option) => option.flags.replace(/ \[.*\]$/, ''),
  optionDescription: (option: Option) => {
    const asides = [
      ...(option.argChoices === undefined ? [] : [option.argChoices.join(', ')]),
      ...(option.defaultValue === undefined
        ? []
        : [`default: ${option.defaultValueDescription ?? option.defaultValue}`]),
    ];
    return asides.length === 0 ? option.description : `${option.description} (${asides.join('; ')})`;
  },
};
