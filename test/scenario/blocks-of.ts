import type { Message } from '../../dev/slack/messages.ts'

export type ShownButton = { readonly action: string; readonly label: string; readonly value: string }

/** The buttons of a message, wherever they stand. */
export function buttonsOf(message: Pick<Message, 'blocks'>): readonly ShownButton[] {
  const found: ShownButton[] = []
  walk(message.blocks, (node) => {
    if (node['type'] !== 'button') return
    const label = (node['text'] as { readonly text?: string } | undefined)?.text ?? ''
    found.push({ action: String(node['action_id']), label, value: String(node['value']) })
  })
  return found
}

/** The two columns of the message's table: what stands in the first, and beside it. */
export function cellsOf(message: Pick<Message, 'blocks'> | undefined): ReadonlyMap<string, string> {
  const cells = new Map<string, string>()
  walk(message?.blocks ?? [], (node) => {
    if (node['type'] !== 'table') return
    for (const row of node['rows'] as ReadonlyArray<ReadonlyArray<{ readonly text?: string }>>) {
      cells.set(row[0]?.text ?? '', row[1]?.text ?? '')
    }
  })
  return cells
}

function walk(value: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit)
  } else if (typeof value === 'object' && value !== null) {
    visit(value as Record<string, unknown>)
    for (const inner of Object.values(value)) walk(inner, visit)
  }
}
