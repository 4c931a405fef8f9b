namespace CityHelper.Data.Import;

/// <summary>The whole input is refused. The message is one sentence for people; <see cref="Importer"/> makes it a value.</summary>
internal sealed class BrokenInputException(string message, Exception? cause = null) : Exception(message, cause);
