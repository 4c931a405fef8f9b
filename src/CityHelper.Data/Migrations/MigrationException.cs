namespace CityHelper.Data.Migrations;

/// <summary>The schema could not be brought up to date. The message is one sentence that says what to do.</summary>
public sealed class MigrationException : Exception
{
    public MigrationException(string message)
        : base(message)
    {
    }

    public MigrationException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
