namespace CityHelper.Server;

/// <summary>The server cannot start as it is configured; the message says what to set.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
