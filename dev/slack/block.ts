/** A block or an element as it came over the wire; the validator says whether it is a good one. */
export type Block = { readonly type: string; readonly [field: string]: unknown }

export type ElementPlace = {
  readonly block: Block
  readonly element: Block
  readonly blockId: string
  readonly actionId: string
}

/** A value of unknown type in words. */
export function inWords(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && typeof (value as Block).type === 'string'
}

/** Every interactive element of the blocks, those inside containers too, in reading order. */
export function elementsOf(blocks: readonly Block[]): readonly ElementPlace[] {
  return blocks.flatMap((block): readonly ElementPlace[] => {
    if (block.type === 'container') return elementsOf(listOf(block['child_blocks']))
    const candidates =
      block.type === 'section'
        ? listOf([block['accessory']])
        : block.type === 'input'
          ? listOf([block['element']])
          : block.type === 'actions' || block.type === 'context_actions'
            ? listOf(block['elements'])
            : []
    return candidates
      .filter((element) => typeof element['action_id'] === 'string')
      .map((element) => ({
        block,
        element,
        blockId: String(block['block_id']),
        actionId: String(element['action_id']),
      }))
  })
}

/** Gives each block a block_id and each interactive element an action_id, as Slack does. */
export function withIds(blocks: readonly Block[], newId: () => string): readonly Block[] {
  return blocks.map((block) => {
    const named: Record<string, unknown> = { ...block, block_id: block['block_id'] ?? newId() }
    if (block.type === 'container') named['child_blocks'] = withIds(listOf(block['child_blocks']), newId)
    if (block.type === 'section' && isBlock(block['accessory'])) {
      named['accessory'] = withActionId(block['accessory'], newId)
    }
    if (block.type === 'input' && isBlock(block['element'])) {
      named['element'] = withActionId(block['element'], newId)
    }
    if (block.type === 'actions') {
      named['elements'] = listOf(block['elements']).map((element) => withActionId(element, newId))
    }
    return named as Block
  })
}

function withActionId(element: Block, newId: () => string): Block {
  return element.type === 'image' ? element : { ...element, action_id: element['action_id'] ?? newId() }
}

function listOf(value: unknown): readonly Block[] {
  return Array.isArray(value) ? value.filter(isBlock) : []
}
