/** A terminal that shows no colours: bold, reverse and the rest of what is written pass. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
const SGR = /\x1b\[([\d;]*)m/g;
const COLOURS = /^(3[0-9]|4[0-9]|9[0-7]|10[0-7])$/;

export function withoutColours(text: string): string {
  return text.replaceAll(SGR, (sequence, parameters: string) => {
    if (parameters === '') return sequence;
    // 38 and 48 take what follows them: 5 and an index, or 2 and three parts.
    const rest = parameters.replaceAll(/[34]8;(5;\d+|2;\d+;\d+;\d+);?/g, '');
    const kept = rest.split(';').filter((word) => word !== '' && !COLOURS.test(word));
    return kept.length === 0 ? '' : `\x1b[${kept.join(';')}m`;
  });
}

export function plainOutput(output: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = (text: string, ...rest: never[]) => output.write(withoutColours(text), ...rest);
  return new Proxy(output, {
    get(target, key) {
      if (key === 'write') return write;
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
