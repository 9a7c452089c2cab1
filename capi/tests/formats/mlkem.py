"""ML-KEM-768 as FIPS 203 has it, for tests: clear, slow, and not in constant time."""

import hashlib

Q, N, K, ETA, DU, DV = 3329, 256, 3, 2, 10, 4
SEED_BYTES, KEY_BYTES, CIPHERTEXT_BYTES = 64, 1184, 1088


def _reversed(i):
    return int(f"{i:07b}"[::-1], 2)


ZETAS = [pow(17, _reversed(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * _reversed(i) + 1, Q) for i in range(128)]


def _hash(data):  # H, section 4.1
    return hashlib.sha3_256(data).digest()


def _two(data):  # G
    digest = hashlib.sha3_512(data).digest()
    return digest[:32], digest[32:]


def ntt(f):  # algorithm 9
    f, i, length = list(f), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j + length], f[j] = (f[j] - t) % Q, (f[j] + t) % Q
        length //= 2
    return f


def inverse_ntt(f):  # algorithm 10
    f, i, length = list(f), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + length):
                t = f[j]
                f[j] = (t + f[j + length]) % Q
                f[j + length] = zeta * (f[j + length] - t) % Q
        length *= 2
    return [x * 3303 % Q for x in f]


def multiply(f, g):  # algorithm 11, in the NTT domain
    h = []
    for i in range(128):
        a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        h += [(a0 * b0 + a1 * b1 * GAMMAS[i]) % Q, (a0 * b1 + a1 * b0) % Q]
    return h


def add(f, g):
    return [(a + b) % Q for a, b in zip(f, g)]


def inner(row, vector):
    total = [0] * N
    for f, g in zip(row, vector):
        total = add(total, multiply(f, g))
    return total


def pack(f, bits):  # ByteEncode, algorithm 5
    return sum(x << (bits * i) for i, x in enumerate(f)).to_bytes(32 * bits, "little")


def unpack(data, bits):  # ByteDecode, algorithm 6, without the reduction mod q
    number, mask = int.from_bytes(data, "little"), (1 << bits) - 1
    return [number >> (bits * i) & mask for i in range(N)]


def compress(f, bits):
    return [((x << bits) + Q // 2) // Q % (1 << bits) for x in f]


def expand(f, bits):  # Decompress
    return [(x * Q + (1 << (bits - 1))) >> bits for x in f]


def sample_uniform(seed):  # SampleNTT, algorithm 7
    size = 672
    while True:
        stream, f = hashlib.shake_128(seed).digest(size), []
        for a, b, c in zip(*[iter(stream)] * 3):
            f += [d for d in (a + 256 * (b % 16), b // 16 + 16 * c) if d < Q]
        if len(f) >= N:
            return f[:N]
        size *= 2


def sample_small(seed, nonce):  # SamplePolyCBD of PRF, algorithm 8
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([nonce])).digest(64 * ETA), "little")
    return [((bits >> 4 * i & 1) + (bits >> 4 * i + 1 & 1) - (bits >> 4 * i + 2 & 1) - (bits >> 4 * i + 3 & 1)) % Q
            for i in range(N)]


def _matrix(rho):
    return [[sample_uniform(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


def key_pair(seed):
    """The public key, and what decapsulate needs; seed is d and z (algorithm 16)."""
    d, z = seed[:32], seed[32:]
    rho, sigma = _two(d + bytes([K]))
    s = [ntt(sample_small(sigma, n)) for n in range(K)]
    e = [ntt(sample_small(sigma, K + n)) for n in range(K)]
    t = [add(inner(row, s), e[i]) for i, row in enumerate(_matrix(rho))]
    public = b"".join(pack(f, 12) for f in t) + rho
    return public, (s, public, z)


def is_key(public):
    """The checks of section 7.2: size, and coefficients that are reduced."""
    return len(public) == KEY_BYTES and all(x < Q for i in range(K) for x in unpack(public[384 * i:384 * i + 384], 12))


def _encrypt(public, message, randomness):  # algorithm 14
    t = [unpack(public[384 * i:384 * i + 384], 12) for i in range(K)]
    matrix = _matrix(public[384 * K:])
    y = [ntt(sample_small(randomness, n)) for n in range(K)]
    u = [add(inverse_ntt(inner([matrix[j][i] for j in range(K)], y)), sample_small(randomness, K + i)) for i in range(K)]
    v = add(inverse_ntt(inner(t, y)), sample_small(randomness, 2 * K))
    v = add(v, expand(unpack(message, 1), 1))
    return b"".join(pack(compress(f, DU), DU) for f in u) + pack(compress(v, DV), DV)


def encapsulate(public, message):
    """The shared secret and the ciphertext; message is 32 random bytes (algorithm 17)."""
    shared, randomness = _two(message + _hash(public))
    return shared, _encrypt(public, message, randomness)


def decapsulate(private, ciphertext):  # algorithm 18
    s, public, z = private
    size = 32 * DU
    u = [expand(unpack(ciphertext[size * i:size * i + size], DU), DU) for i in range(K)]
    v = expand(unpack(ciphertext[size * K:], DV), DV)
    w = [(a - b) % Q for a, b in zip(v, inverse_ntt(inner(s, [ntt(f) for f in u])))]
    message = pack(compress(w, 1), 1)
    shared, randomness = _two(message + _hash(public))
    if _encrypt(public, message, randomness) != ciphertext:
        return hashlib.shake_256(z + ciphertext).digest(32)
    return shared
