package dev.quorate.core.peer;

/**
 * On whose account a message is sent that only the receiver of a slot may take: of that very hand-over, begun for the {@code attempt}th time
 * (rules.md A12).
 */
public record Handover(long moveId, int attempt) {}
