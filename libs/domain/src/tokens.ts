/** Injection tokens of the ports that have no class: the composition root provides them once for all modules. */
export const CLOCK = Symbol('Clock');
export const METER = Symbol('Meter');
export const LOG = Symbol('Log');
