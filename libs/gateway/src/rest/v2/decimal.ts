/** How a decimal in text is described. */
export const DECIMAL = { type: String, pattern: '^-?\\d+(\\.\\d+)?$', example: '2931.50' };
