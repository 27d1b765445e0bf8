package io.raftkv.server;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why a file or a directory cannot be used, in words that are no class names. */
final class FileTrouble {
  private FileTrouble() {}

  /** The reason alone: the file is named by whoever tells it. */
  static String reason(IOException trouble) {
    if (trouble instanceof NoSuchFileException missing) {
      return missing.getFile() + " does not exist";
    } else if (trouble instanceof AccessDeniedException denied) {
      return "this user has no permission for " + denied.getFile();
    } else if (trouble instanceof FileAlreadyExistsException inTheWay) {
      return inTheWay.getFile() + " is no directory";
    } else if (trouble instanceof FileSystemException other && other.getReason() != null) {
      return other.getFile() + ": " + other.getReason();
    }
    return trouble.getMessage() == null ? trouble.toString() : trouble.getMessage();
  }
}
