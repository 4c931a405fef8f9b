using GraphQLParser;
using GraphQLParser.Exceptions;

namespace CityHelper.Engine.Documents;

/// <summary>Counts a text's tokens, before the parser makes anything of them.</summary>
internal static class DocumentTokens
{
    /// <summary>Why the text may not be parsed, or null. A text that is no GraphQL is the parser's to refuse.</summary>
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

        return new OperationTooLargeError($"The document has more than {Limits.DocumentTokensMax} tokens: send lists and areas as variables.");
    }
}
