/** argv → command. Each command imports what it needs when it runs. */
export async function main(argv: readonly string[]): Promise<number> {
  const { runCommand } = await import('./cli/command.ts')
  return runCommand(argv)
}
