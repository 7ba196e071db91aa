/** What the page offers while somebody types a slash command; words in capitals or brackets are for them to fill in. */
export type CommandHint = { readonly text: string; readonly description: string }

export const commandHints: readonly CommandHint[] = [
  {
    text: '/maillimit status USER',
    description: 'limit, connections, recent hits and open incident of a user',
  },
  { text: '/maillimit hosts', description: 'the mail hosts and how they are' },
  { text: '/maillimit raise HOST SERVICE VALUE', description: 'plan another limit' },
  { text: '/maillimit history [USER]', description: 'what was changed, when and by whom' },
  { text: '/maillimit rollback CHANGE', description: 'plan the way back from a change' },
  { text: '/maillimit help', description: 'all commands' },
]
