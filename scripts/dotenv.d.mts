export function unknownNames(text: string, example: string): string[];
