-- MariaDB. The collation compares bytes, trailing spaces too: without it the store would take "a" for "A".
-- CreateTable
CREATE TABLE `Session` (
    `key` VARCHAR(191) NOT NULL,
    `value` MEDIUMTEXT NOT NULL,
    `expiresAt` DATETIME(3) NOT NULL,

    INDEX `Session_expiresAt_idx`(`expiresAt`),
    PRIMARY KEY (`key`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Only for prismaUsers.
-- CreateTable
CREATE TABLE `SessionEntry` (
    `key` VARCHAR(191) NOT NULL,
    `user` VARCHAR(191) NOT NULL,
    `handle` VARCHAR(191) NOT NULL,
    `at` DATETIME(3) NOT NULL,
    `expiresAt` DATETIME(3) NOT NULL,
    `retired` BOOLEAN NOT NULL DEFAULT false,

    INDEX `SessionEntry_user_at_idx`(`user`, `at`),
    INDEX `SessionEntry_expiresAt_idx`(`expiresAt`),
    PRIMARY KEY (`key`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
