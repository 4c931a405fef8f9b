using GraphQLParser;
using GraphQLParser.Exceptions;

namespace CityHelper.Engine.Documents;

/// <summary>Counts the tokens of a text before the parser builds anything from them.</summary>
internal static class DocumentTokens
{
    /// <summary>The error if the text has too many tokens, or null. The parser reports syntax errors.</summary>
    public static RequestError? Check(string text)
    {
        try
        {
            int position = 0;
            for (int tokens = 0; tokens <= Limits.DocumentTokensMax; tokens++)
            {
                Token token = Lexer.Lex(text, position);
                if (token.Kind == TokenKind.EOF)
                {
                    return null;
                }

                position = token.End;
            }
        }
        catch (GraphQLSyntaxErrorException)
        {
            return null;
        }

        return new OperationTooLargeError(
            $"The document has more than {Limits.DocumentTokensMax} tokens: send lists and areas as variables.");
    }
}
