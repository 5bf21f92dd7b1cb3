import fc from 'fast-check';

/** Every run tries the same: a fault that a change has not brought must not stop it. `FC_SEED` looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_121) });
