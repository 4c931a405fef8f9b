using Npgsql;
using Npgsql.NameTranslation;

namespace CityHelper.Data.Model;

/// <summary>Labels of the database's enum types: <c>InProgress</c> is <c>IN_PROGRESS</c>, as in GraphQL.</summary>
public static class StatusLabels
{
    /// <summary>The one translator that EF Core and Npgsql share.</summary>
    public static INpgsqlNameTranslator Translator { get; } = new UpperSnakeCase();

    private sealed class UpperSnakeCase : INpgsqlNameTranslator
    {
        private readonly NpgsqlSnakeCaseNameTranslator _snake = new();

        public string TranslateTypeName(string clrName) => _snake.TranslateTypeName(clrName);

        public string TranslateMemberName(string clrName) => _snake.TranslateMemberName(clrName).ToUpperInvariant();
    }
}
