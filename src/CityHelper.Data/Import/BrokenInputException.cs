namespace CityHelper.Data.Import;

/// <summary>The whole input is refused. The message is one sentence for users; <see cref="Importer"/> returns it as a value.</summary>
internal sealed class BrokenInputException(string message, Exception? cause = null) : Exception(message, cause);
