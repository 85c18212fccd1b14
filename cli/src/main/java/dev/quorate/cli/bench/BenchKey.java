package dev.quorate.cli.bench;

/** Keys of 16 bytes: a letter and the number, so that runs with the same settings meet the same keys. */
final class BenchKey {
    static final int BYTES = 16;

    private BenchKey() {}

    static byte[] of(long number) {
        byte[] key = new byte[BYTES];
        key[0] = 'k';
        long rest = number;
        for (int i = BYTES - 1; i > 0; i--) {
            key[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        return key;
    }
}
